"""Alerts on the operator's metrics."""
