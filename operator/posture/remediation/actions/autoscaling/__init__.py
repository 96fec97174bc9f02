"""Actions on Amazon EC2 Auto Scaling."""
