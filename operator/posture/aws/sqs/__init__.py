"""Amazon SQS: a queue that is read."""
