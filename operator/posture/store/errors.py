"""The errors of a store, as types: try again later, or open it anew and read everything again.

A `Stop` ends long work of a store from another thread, so that closing it never takes long.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from posture.api.reasons.words import Named


class StoreError(Exception):
    """A store that did not do what it was asked to; nothing of the call has been kept.

    `reason` is PascalCase for a condition, `advice` says what the user should do.
    """

    def __init__(self, message: str, *, reason: Named, advice: str) -> None:
        super().__init__(f"{message}: {advice}")
        self.reason = reason
        self.advice = advice


class StoreUnavailable(StoreError):  # noqa: N818 - says what it is: the same call may succeed later, unchanged
    """The disk is full, fails or is read-only, or another process holds the store."""


class StoreLost(StoreError):  # noqa: N818 - says what happened to it
    """The file was deleted, replaced or damaged under the running process.

    The store has closed itself. `Store.open` makes a new one, into which everything must be read again.
    """


class Stop:
    """Asks the long work of one store to end: opening it, reading, removing many rows. For any thread.

    What it ends raises `StoreUnavailable`, leaves nothing half done, and can be done again. `meanwhile` is
    called in the store's thread between the parts of a removal: for what need not wait until it is over, and
    does not look into the store.
    """

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._meanwhile = meanwhile
        self._lock = threading.Lock()
        self._asked = False
        self._interrupt: Callable[[], None] | None = None

    def ask(self) -> None:
        """End what is under way, and whatever long work begins later."""
        with self._lock:
            self._asked = True
            if self._interrupt is not None:
                self._interrupt()

    def check(self) -> None:
        """Raise `StoreUnavailable` if it has been asked for."""
        if self._asked:
            raise StoreUnavailable(
                "The store is about to be closed",
                reason="StoreClosed",
                advice="it is opened again when it is needed",
            )

    def between(self) -> None:
        """End here if that has been asked for; else let others go first."""
        self.check()
        self._meanwhile()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Within the block, call `interrupt` when it is asked for: never after the block has ended."""
        with self._lock:
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None
