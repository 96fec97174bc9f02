"""`posture sync`, `suspend` and `resume`: what the annotation and `spec.suspend` ask the operator for."""
