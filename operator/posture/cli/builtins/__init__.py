"""`posture builtins` and the pages of the builtin actions: what each does, from its declaration."""
