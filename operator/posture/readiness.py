"""Whether this replica can do its work: `/readyz` and one log line when that changes."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from posture.kube.access import check_access
from posture.kube.client import KubeClient
from posture.kube.errors import Forbidden, Gone, KubeError
from posture.logs import bound, next_cycle

logger = logging.getLogger(__name__)

_EVERY_WHILE_MISSING = 5.0
_EVERY = 60.0


class Readiness:
    """Why this replica is not ready, or None."""

    def __init__(self) -> None:
        self._missing: str | None = "permissions and CRDs have not been checked yet"
        self._others: list[Callable[[], str | None]] = []

    def depends_on(self, *reasons: Callable[[], str | None]) -> None:
        """Also ask these for a reason."""
        self._others += reasons

    def reason(self) -> str | None:
        """Say what is missing, or None."""
        return self._missing or next((why for ask in self._others if (why := ask())), None)

    def tells(self, error: KubeError) -> bool:
        """Tell whether an error is of a missing CRD or right, which one line here says, or will say."""
        return isinstance(error, Forbidden | Gone) and self._missing is not None

    async def run(self, client: KubeClient, namespaces: Sequence[str] | None, lease_namespace: str) -> None:
        """Check rights and CRDs again and again, until cancelled."""
        while True:
            with bound(cycle=next_cycle()):
                await self._check(client, namespaces, lease_namespace)
            await asyncio.sleep(_EVERY_WHILE_MISSING if self._missing else _EVERY)

    async def _check(
        self, client: KubeClient, namespaces: Sequence[str] | None, lease_namespace: str
    ) -> None:
        try:
            access = await check_access(client, namespaces, lease_namespace)
            missing = None if access.complete else str(access)
        except KubeError as error:
            missing = str(error)
        if missing != self._missing:
            if missing:
                logger.error("Not ready: %s", missing)
            else:
                logger.info("Permissions and CRDs are in place")
        self._missing = missing
