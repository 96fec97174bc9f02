"""A simulated organization: its accounts and the Security Hub findings that they would have."""

from sandbox.organization.organization import Organization

__all__ = ["Organization"]
