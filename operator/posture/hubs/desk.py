"""What every kind of reading of a hub shares: where it reads from, where it stores, and what it counts."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from posture.aws.securityhub import FindingsPage
from posture.hubs.known import Known, Taken, some
from posture.hubs.progress import LATEST, Progress
from posture.hubs.scan import Pace, Source
from posture.hubs.worker import Worker
from posture.store import FindingRef

logger = logging.getLogger(__name__)

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Bounds:
    """What keeps a hub exact, in µs and counts.

    `overlap`, `longest_overlap`: how far a poll reaches back before the start of the last one, at least and
    at most. `relist`: between re-lists of what is not PASSED. `facts`: between discoveries. `gone`,
    `gone_share`: how many rows, and which part of them, may be gone at once before that is suspicious (both
    exceeded).
    """

    overlap: int = 15 * MINUTE
    longest_overlap: int = HOUR
    relist: int = HOUR
    facts: int = 15 * MINUTE
    gone: int = 20
    gone_share: float = 0.05


@dataclass(slots=True)
class Tally:
    """Counts since the process took up the hub, but for `calls` and `changed`: since the last poll's end."""

    calls: int = 0
    changed: int = 0
    corrections: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Desk:
    """Reads from a source into what is known, for the products that are wanted.

    `latest`: start of the last request that was answered, µs by AWS's clock.
    """

    source: Source
    worker: Worker
    known: Known
    progress: Progress
    bounds: Bounds
    wanted: frozenset[str] = frozenset()
    pace: Pace = field(default_factory=Pace)
    tally: Tally = field(default_factory=Tally)
    latest: int = 0

    async def take(
        self, pages: Sequence[FindingsPage], *, cursor: int | None = None, keys: Sequence[str] = ()
    ) -> Taken:
        """Store pages and, in the same transaction, the progress under these keys.

        They are handed over before this first yields to the event loop.
        """
        self.tally.calls += len(pages)
        self.latest = max(self.latest, *(page.asked_at for page in pages))
        state = {**self.progress.stored(*keys), LATEST: str(self.latest)}
        taken = await self.worker.call(self.known.take, pages, self.wanted, cursor=cursor, state=state)
        self.tally.changed += taken.changed
        self.tally.corrections.update(taken.corrections)
        for each in taken.rejected:
            logger.warning("finding %s of account %s is left out: %s", each.id, each.account_id, each.why)
        for each in taken.unreadable:
            logger.warning("finding %s of account %s: %s", each.id, each.account_id, each.why)
        return taken

    async def some(self, refs: Iterator[FindingRef], n: int) -> list[FindingRef]:
        """Take up to n from an iterator of the store."""
        return await self.worker.call(some, refs, n)
