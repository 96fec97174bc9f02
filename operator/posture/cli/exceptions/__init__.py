"""`posture exceptions`: the register for auditors."""
