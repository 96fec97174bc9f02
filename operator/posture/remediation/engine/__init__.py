"""Carries plans out: guards, journal, write, verification, undo."""
