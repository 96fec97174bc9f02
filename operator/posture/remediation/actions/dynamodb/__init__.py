"""Actions on Amazon DynamoDB."""
