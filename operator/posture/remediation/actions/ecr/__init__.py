"""Actions on Amazon ECR."""
