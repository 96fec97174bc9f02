"""Actions on Amazon SQS."""
