"""Actions on Amazon ECS."""
