"""Re-lists: sets that findings enter and leave without a change of `UpdatedAt`, read whole and compared.

A change of workflow does not touch `UpdatedAt` (BatchUpdateFindings, API reference), archival perhaps not,
and deletion leaves nothing to be updated. What the set has in the store but not in the listing is read by Id.
"""

from posture.hubs.absence import read_by_id, settle
from posture.hubs.desk import Desk
from posture.hubs.progress import POLLS, RELIST, ROTATION, listing
from posture.hubs.queries import VALUES, exceptional, not_passed
from posture.hubs.reading import Reading
from posture.store import Members


async def relist_exceptional(desk: Desk, pages: int) -> None:
    """Re-list what people did by hand: SUPPRESSED, NOTIFIED, and RESOLVED while not PASSED.

    Of what is too much for so many pages a part is read, and the next poll goes on. One that an earlier poll
    began is brought to its end first; only one that this poll began says how things are now.
    """
    begun_before = desk.progress.rotation is not None
    left = pages - await _rotate(desk, pages)
    if begun_before and desk.progress.rotation is None and left > 0:
        await _rotate(desk, left)
    unconfirmed = await desk.worker.call(desk.known.store.unconfirmed, desk.latest)
    for at in range(0, len(unconfirmed), VALUES):
        await read_by_id(desk, unconfirmed[at : at + VALUES])


async def _rotate(desk: Desk, pages: int) -> int:
    """Read on the exceptional set; return how many pages that took."""
    progress = desk.progress
    queries = exceptional(desk.wanted)
    if progress.rotation is None or progress.rotation.products != desk.wanted:
        progress.rotation = listing(desk.wanted, len(queries))
    under_way = progress.rotation
    reading = Reading(desk, under_way, queries, keys=(ROTATION,))
    started = await reading.run(pages)
    if reading.done:
        await _compare(desk, Members.EXCEPTIONAL, started, frozenset(under_way.credited))
        progress.rotation, progress.done.rotated = None, started
        await desk.worker.call(desk.known.store.put_state, progress.stored(ROTATION))
    return reading.calls


async def relist_not_passed(desk: Desk) -> None:
    """Re-list all that is ACTIVE and not PASSED; it goes on from where it was interrupted."""
    progress = desk.progress
    if progress.relist is None or progress.relist.products != desk.wanted:
        progress.relist = listing(desk.wanted, len(not_passed(desk.wanted)))
    under_way = progress.relist
    started = await Reading(desk, under_way, not_passed(under_way.products), keys=(RELIST,)).run()
    await _compare(desk, Members.NOT_PASSED, started, frozenset(under_way.credited))
    progress.relist = None
    progress.done.relisted = max(started, progress.done.relisted or started)
    progress.done.relist_took = desk.latest - started
    await desk.worker.call(desk.known.store.put_state, progress.stored(POLLS, RELIST))


async def _compare(desk: Desk, which: Members, started: int, products: frozenset[str]) -> None:
    if not await settle(desk, which, started, products & desk.progress.done.products):
        desk.progress.done.suspicious = started
        await desk.worker.call(desk.known.store.put_state, desk.progress.stored(POLLS))
