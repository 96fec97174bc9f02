"""Amazon S3, as far as the operator keeps something there."""
