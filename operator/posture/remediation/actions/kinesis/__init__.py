"""Actions on Amazon Kinesis Data Streams."""
