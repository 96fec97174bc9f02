"""Actions on Amazon SNS."""
