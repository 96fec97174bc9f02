"""The kind PostureTarget: what it declares, and what its status says."""
