"""SSM: documents that belong to Amazon, Automation and settings, of which moto has nothing."""

from sandbox.services.ssm import automation, owned, settings
from sandbox.services.ssm.service import SERVICE

__all__ = ["SERVICE", "automation", "owned", "settings"]
