"""By what name this operator marks what it suppresses and turns off.

The name outlives the operator: by it the next one, in the same cluster, knows what was done before.
"""

from posture.kube.client import KubeClient
from posture.kube.errors import Forbidden, Gone
from posture.kube.resources import NAMESPACES

_NAMESPACE = "kube-system"


class OwnerUnknown(Exception):  # noqa: N818 - reads as what is the case
    """Nothing can be marked, and so nothing is suppressed or turned off."""

    reason = "OwnerUnknown"


async def cluster_owner(client: KubeClient) -> str:
    """Return the name of an operator whose configuration gives none: the uid of the namespace kube-system.

    Raises OwnerUnknown where a person must do something, and KubeError where asking again may help.
    """
    try:
        namespace = await client.get(NAMESPACES, None, _NAMESPACE)
    except (Forbidden, Gone) as error:
        raise OwnerUnknown(
            "Nothing is suppressed or turned off, as it could not be marked as ours: set ownerId in the"
            " operator's configuration, to a name that no operator of another cluster has, or let its"
            f" ServiceAccount get the namespace {_NAMESPACE} ({error})"
        ) from error
    return str(namespace["metadata"]["uid"])
