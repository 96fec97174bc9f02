"""Actions on Elastic Load Balancing."""
