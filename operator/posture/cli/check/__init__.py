"""`posture check`: everything between a pod and a score, in order, each with what to do."""
