"""The configuration file: what the users of a namespace must not decide."""
