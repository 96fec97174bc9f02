"""Actions on AWS Lambda."""
