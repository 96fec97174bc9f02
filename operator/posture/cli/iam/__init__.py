"""`posture iam`: the IAM roles that the grants of a configuration need, from what the operator declares."""
