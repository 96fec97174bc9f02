"""Actions on Amazon Athena."""
