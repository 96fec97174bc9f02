"""Measures, side by side in one run: what the operator costs beside what it is compared with."""
