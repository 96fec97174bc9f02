"""The loop of everything that reconciles: a cycle whenever woken, and now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from posture.logs import Field, bound, next_cycle


class WakeLoop:
    """Runs `cycle`, which returns the seconds after which it is to run again at the latest.

    `at_most_every`: seconds between two cycles at least, however often it is woken. `fields`: what each log
    line of a cycle carries. `cycle` sees to its own errors: one that it raises ends the loop.
    """

    def __init__(
        self,
        cycle: Callable[[], Awaitable[float]],
        *,
        at_most_every: float,
        fields: Callable[[], Mapping[str, Field]] = dict,
    ) -> None:
        self._cycle = cycle
        self._at_most_every = at_most_every
        self._fields = fields
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Run a cycle soon; once more, if one is under way."""
        self._woken.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self._woken.clear()
            with bound(**self._fields(), cycle=next_cycle()):
                pause = await self._cycle()
            await asyncio.sleep(self._at_most_every)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
