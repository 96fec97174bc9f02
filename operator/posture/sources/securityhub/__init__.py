"""Security Hub as a source: sweep, changes, re-lists."""
