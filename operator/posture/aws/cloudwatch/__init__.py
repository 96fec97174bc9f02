"""Amazon CloudWatch: metrics that are put there."""
