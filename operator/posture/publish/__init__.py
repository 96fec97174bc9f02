"""Where what is known goes."""
