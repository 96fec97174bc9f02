"""Dashboards over the operator's metrics."""
