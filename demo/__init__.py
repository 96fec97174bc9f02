"""What Posture Operator does, to be seen on one machine."""
