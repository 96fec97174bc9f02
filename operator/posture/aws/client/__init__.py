"""Calls to any service: identities, quota, errors, clock."""
