"""SSM: documents that belong to Amazon, and Automation, of which moto has nothing."""

from sandbox.services.ssm import automation, owned
from sandbox.services.ssm.service import SERVICE

__all__ = ["SERVICE", "automation", "owned"]
