"""What is installed beside the operator, and the code that makes it."""
