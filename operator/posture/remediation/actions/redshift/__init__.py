"""Actions on Amazon Redshift."""
