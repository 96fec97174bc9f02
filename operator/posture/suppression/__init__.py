"""SuppressionPolicies: what they declare, made so in Security Hub, and undone when they end."""
