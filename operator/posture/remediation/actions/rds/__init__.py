"""Actions on Amazon RDS."""
