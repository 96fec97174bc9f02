"""Builtin actions: one module an action, in a folder for each service."""
