"""PostureTarget: from its spec to its score, status and metrics."""
