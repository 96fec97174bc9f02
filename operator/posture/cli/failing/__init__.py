"""`posture controls` and `posture findings`: what to fix first."""
