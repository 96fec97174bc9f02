"""Actions on AWS Systems Manager."""
