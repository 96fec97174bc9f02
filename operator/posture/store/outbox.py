"""What leaves by an output is kept here until it is sent."""

from collections.abc import Collection, Sequence
from typing import Protocol

from posture.domain.outbox import EventKind, OutboxEvent, Outlet, StatedChange, WaitingEvents


class Outbox(Protocol):
    """What waits for outputs. Events of findings are put by whatever writes or removes them."""

    @property
    def outlets(self) -> frozenset[Outlet]:
        """The outputs that are served."""
        ...

    @property
    def announced(self) -> frozenset[str]:
        """The products of which what is found is new."""
        ...

    def wants(self, kind: EventKind) -> bool:
        """Whether any output is told of such things."""
        ...

    def follow(self, outlets: Collection[Outlet], announced: Collection[str]) -> int:
        """Serve these outputs from now on, and no others; return how many events waited for others.

        One that is new is told of what happens from now on. `announced`: the products that have been read
        once: of others, findings are told to outputs that backfill only.
        """
        ...

    def state(self, statements: Sequence[StatedChange], now: int) -> int:
        """Tell, in one transaction, what was not told so before; return how many that were.

        What no output is told of is left out.
        """
        ...

    def told(self, prefix: str) -> list[str]:
        """Return the subjects that begin so and were told to exist."""
        ...

    def first(self, outlet: str, size: int) -> list[OutboxEvent]:
        """Return the first events that an output has not passed, whatever they are of: so many bytes of them.

        The last of them may make it more; one is there where any waits.
        """
        ...

    def settle(self, outlet: str, number: int) -> None:
        """Note that an output has passed all events up to this number; what all have passed goes."""
        ...

    def drop(self, outlet: str, *, most: int, written_before: int) -> int:
        """Pass over the oldest events of an output that are too many, or too old; return how many."""
        ...

    def waiting(self, outlet: str) -> WaitingEvents:
        """Return what waits for an output."""
        ...
