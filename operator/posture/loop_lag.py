"""How late the event loop is: what else runs in it shows here first."""

import asyncio
from collections import deque

from posture.metrics import families
from posture.metrics.exposition import Samples

_EVERY = 0.25
_KEPT = int(60 / _EVERY)


class LoopLag:
    """Measures by a timer how much later than asked the loop runs it; keeps a minute."""

    def __init__(self) -> None:
        self.seconds: deque[float] = deque(maxlen=_KEPT)

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            self.seconds.append(max(0.0, loop.time() - due))

    def samples(self) -> Samples:
        """Return the worst of the last minute."""
        return {families.LOOP_LAG: [((), max(self.seconds, default=0.0))]}
