"""By what name this operator marks what it suppresses."""

from posture.kube.client import KubeClient
from posture.kube.errors import KubeError, Retryable
from posture.kube.resources import NAMESPACES

_NAMESPACE = "kube-system"


class OwnerUnknown(Exception):  # noqa: N818 - reads as what is the case
    """Nothing can be marked, and so nothing is suppressed."""

    reason = "OwnerUnknown"


async def cluster_owner(client: KubeClient) -> str:
    """Return the name of an operator whose configuration gives none: the uid of the namespace kube-system.

    Raises OwnerUnknown, and kube.errors.Retryable where asking again may help.
    """
    try:
        namespace = await client.get(NAMESPACES, None, _NAMESPACE)
    except Retryable:
        raise
    except KubeError as error:
        raise OwnerUnknown(
            f"Nothing is suppressed, as it could not be marked as ours: set ownerId in the operator's"
            f" configuration, or let its ServiceAccount get the namespace {_NAMESPACE} ({error})"
        ) from error
    return str(namespace["metadata"]["uid"])
