"""How far a sweep is, on standard error: often on a terminal, now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from posture.cli.terminal import complain
from posture.hubs.status import HubStatus

_ON_A_TERMINAL, _ELSEWHERE = 5.0, 60.0


class Progress:
    """Tells what has changed about a hub, so often at most; what fails is told at once, and once."""

    def __init__(self) -> None:
        self._began = self._told_at = time.monotonic()
        self._every = _ON_A_TERMINAL if sys.stderr.isatty() else _ELSEWHERE
        self._failure = ""
        self._first: tuple[float, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._told_at > self._began:
            complain(f"read in {time.monotonic() - self._began:.0f} s")

    def told(self, status: HubStatus) -> None:
        """Take in a status."""
        failure = "" if status.error is None else str(status.error)
        if failure and failure != self._failure:
            complain(f"{failure}; it is tried again")
        self._failure = failure
        now = time.monotonic()
        if self._first is None and status.progress > 0:
            # What an earlier run has kept took no time of this one.
            self._first = now, status.progress
        if now - self._told_at >= self._every and status.exact_at is None:
            self._told_at = now
            complain(self._said(status, now))

    def _said(self, status: HubStatus, now: float) -> str:
        rate = status.read / (now - self._began)
        said = f"{int(status.progress * 100)} % read, {status.read} findings, {rate:.0f} a second"
        began, before = self._first or (now, 0.0)
        if status.progress > before:
            left = (now - began) * (1 - status.progress) / (status.progress - before)
            said += f", about {left:.0f} s left"
        return said
