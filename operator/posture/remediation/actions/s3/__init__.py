"""Actions on Amazon S3."""
