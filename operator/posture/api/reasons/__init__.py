"""Every reason that the operator gives in a condition or an event, in one registry."""
