"""Waiting for what another process does: by looking again and again, up to a deadline."""

import time
from collections.abc import Callable

_POLL_SECONDS = 0.1


def _goes_on() -> None:
    """Know of nothing that makes waiting vain."""


def wait_until(
    condition: Callable[[], object], what: str, *, seconds: float, meanwhile: Callable[[], None] = _goes_on
) -> None:
    """Wait until the condition holds.

    `meanwhile` is called between two looks, to raise where waiting has become vain. Raises TimeoutError,
    which names `what`, when the condition does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        meanwhile()
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(_POLL_SECONDS)
