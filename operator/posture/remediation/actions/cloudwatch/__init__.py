"""Actions on Amazon CloudWatch and CloudWatch Logs."""
