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
        if now - self._told_at >= self._every and status.exact_at is None:
            self._told_at = now
            complain(_said(status.progress, now - self._began))


def _said(part: float, seconds: float) -> str:
    left = f", about {seconds * (1 - part) / part:.0f} s left" if part > 0 else ""
    return f"{int(part * 100)} % read{left}"
