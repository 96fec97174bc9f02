"""Keeps the results of AWS Config's rules current, and beside them the findings that Config sends."""
