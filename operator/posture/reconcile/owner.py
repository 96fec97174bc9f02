"""By what name this operator marks what it suppresses and turns off.

The name outlives the operator: by it the next one, in the same cluster, knows what was done before.
"""

import asyncio
from typing import ClassVar

from posture.api.reasons.words import Named
from posture.kube.client import KubeClient
from posture.kube.errors import Forbidden, Gone
from posture.kube.resources import NAMESPACES
from posture.reconcile.context import Context

_NAMESPACE = "kube-system"
_ASK_AGAIN_AFTER = 60.0


class OwnerUnknown(Exception):  # noqa: N818 - reads as what is the case
    """Nothing can be marked, and so nothing is suppressed or turned off."""

    reason: ClassVar[Named] = "OwnerUnknown"


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


class OwnerName:
    """Gives the name: that of the configuration, or the cluster's own, which is asked for once.

    Where that may not be read, it is asked for again after a minute.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: str | None = None
        self._unknown: tuple[float, OwnerUnknown] | None = None

    async def __call__(self) -> str:
        """Return the name. Raises OwnerUnknown and KubeError."""
        if configured := self._context.config.current().owner_id:
            return configured
        if self._known is not None:
            return self._known
        now = asyncio.get_running_loop().time()
        if self._unknown is not None and now < self._unknown[0]:
            raise self._unknown[1]
        try:
            self._known = await cluster_owner(self._context.client)
        except OwnerUnknown as error:
            self._unknown = now + _ASK_AGAIN_AFTER, error
            raise
        return self._known
