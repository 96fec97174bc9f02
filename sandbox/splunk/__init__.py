"""Splunk's HTTP Event Collector, as far as a client can tell, with whatever may go wrong with it."""
