"""Actions on AWS CloudTrail."""
