"""A Kubernetes control plane of our own: a real kube-apiserver on a real etcd, for as long as needed.

There is no controller manager: nothing is garbage collected, a deleted namespace stays ``Terminating``, no
Deployment gets pods and no namespace gets a ``default`` ServiceAccount.
"""

from sandbox.controlplane.plane import ControlPlane, ControlPlaneError, KubectlError

__all__ = ["ControlPlane", "ControlPlaneError", "KubectlError"]
