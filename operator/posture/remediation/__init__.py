"""RemediationRule and its journal."""
