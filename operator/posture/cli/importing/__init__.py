"""`posture import`: exceptions of other tools as policies that select exactly the same findings."""
