"""The store in a file. All SQL is here."""
