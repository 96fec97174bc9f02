"""What a target aims at, compared with what is: findings that are overdue."""
