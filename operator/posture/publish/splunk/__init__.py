"""Splunk, by its HTTP Event Collector."""
