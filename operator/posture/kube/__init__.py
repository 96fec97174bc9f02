"""The Kubernetes API as the operator uses it: whole lists, Leases, status, events, finalizers."""
