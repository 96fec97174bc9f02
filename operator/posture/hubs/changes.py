"""The changes: all whose `UpdatedAt` is after the last poll's start, less an overlap for what comes late.

And those whose note is: what a person or a program changes by hand, and says why, whatever set it is in.
"""

from collections.abc import Sequence

from posture.hubs.desk import DAY, Bounds, Desk
from posture.hubs.known import Taken
from posture.hubs.progress import CHANGES, listing
from posture.hubs.queries import everything, noted
from posture.hubs.reading import Reading
from posture.hubs.scan import PATIENCE
from posture.hubs.windows import EPOCH


async def read_changes(desk: Desk) -> int:
    """Read what has been updated since the last poll; return the start (µs by AWS's clock).

    Nothing is filtered by RecordState or Workflow: what changes must not leave the listing by that. It goes
    on from where it was interrupted, unless other products are asked for now.
    """
    progress, wanted = desk.progress, desk.wanted
    polled = progress.done.polled or EPOCH
    queries = everything(wanted)
    if progress.changes is None or progress.changes.products != wanted:
        since = max(EPOCH, polled - overlap(progress.done.late, polled, desk.bounds))
        progress.changes = listing(wanted, len(queries), since=since)
    latest = 0

    def note_late(taken: Taken) -> None:
        nonlocal latest
        if taken.news is not None:
            latest = max(latest, polled - taken.news)

    reading = Reading(desk, progress.changes, queries, keys=(CHANGES,), patience=PATIENCE, on_taken=note_late)
    started = await reading.run()
    if wanted <= progress.done.products:
        progress.done.late = remembered(progress.done.late, started, latest, desk.bounds)
    return started


async def read_noted(desk: Desk) -> None:
    """Read what has had a note written since the last complete poll, with the same overlap."""
    done, wanted = desk.progress.done, desk.wanted
    polled = done.polled or EPOCH
    queries = noted(wanted, max(EPOCH, polled - overlap(done.late, polled, desk.bounds)))
    await Reading(desk, listing(wanted, len(queries)), queries, patience=PATIENCE).run()


def overlap(late: Sequence[tuple[int, int]], now: int, bounds: Bounds) -> int:
    """Return how far before the last poll's start the next one begins (all in µs).

    Twice as far as findings were seen to come late within a day, so that what comes later still is noticed,
    up to a limit: what comes later than that is what the re-list and the sweep are for.
    """
    latest = max((by for at, by in late if at > now - DAY), default=0)
    return min(max(bounds.overlap, 2 * latest), bounds.longest_overlap)


def remembered(late: Sequence[tuple[int, int]], now: int, by: int, bounds: Bounds) -> list[tuple[int, int]]:
    """Return the late arrivals to remember, of which `by` (µs) was seen `now`.

    Those are kept that make the overlap longer than it is anyway, for a day, and only until one is as late.
    """
    kept = [(at, other) for at, other in late if at > now - DAY and other > by]
    return [*kept, (now, by)] if 2 * by > bounds.overlap else kept
