"""What a target aims at, compared with what is: what is overdue, how the score moves, what to fix first."""
