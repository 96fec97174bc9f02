"""Which findings a policy or a rule selects."""
