"""Actions on Amazon CloudFront."""
