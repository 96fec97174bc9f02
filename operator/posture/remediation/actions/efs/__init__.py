"""Actions on Amazon EFS."""
