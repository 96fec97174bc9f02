"""RemediationRule: what would be done to which resources, and why not. Decisions only, from plain data."""
