"""`posture remediations`, `approve` and `undo`: the journal of remediations, and what people do with it."""
