"""Whether this replica can do its work: `/readyz`, one log line when that changes, and the event loop's lag.

How late the loop is shows first what else runs in it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from posture.kube.access import check_access
from posture.kube.client import KubeClient
from posture.kube.errors import Forbidden, Gone, KubeError
from posture.logs import bound, next_cycle
from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Samples

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

    def reports(self, error: KubeError) -> bool:
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


_MEASURE_EVERY = 0.25
_KEPT = int(60 / _MEASURE_EVERY)


class LoopLag:
    """Measures by a timer how much later than asked the loop runs it; keeps a minute."""

    def __init__(self) -> None:
        self.seconds: deque[float] = deque(maxlen=_KEPT)

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _MEASURE_EVERY
            await asyncio.sleep(_MEASURE_EVERY)
            self.seconds.append(max(0.0, loop.time() - due))

    def samples(self) -> Samples:
        """Return the worst of the last minute."""
        return {families.LOOP_LAG: [((), max(self.seconds, default=0.0))]}
