"""`posture score`: a Security Hub scored once, without a cluster."""
