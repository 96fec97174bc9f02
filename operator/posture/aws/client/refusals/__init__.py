"""What AWS refuses, and what to do about it: one table."""
