"""Re-lists: sets that findings enter and leave without a change of `UpdatedAt`, read whole and compared.

A change of workflow does not touch `UpdatedAt` (BatchUpdateFindings, API reference), archival perhaps not,
and deletion leaves nothing to be updated. What the set has in the store but not in the listing is read by Id.
"""

from posture.hubs.absence import read_by_id, settle
from posture.hubs.desk import Desk
from posture.hubs.progress import POLLS, RELIST, listing
from posture.hubs.queries import VALUES, exceptional, not_passed
from posture.hubs.reading import Reading
from posture.store import Members


async def relist_exceptional(desk: Desk) -> None:
    """Re-list what people did by hand: SUPPRESSED, NOTIFIED, and RESOLVED while not PASSED."""
    queries = exceptional(desk.wanted)
    started = await Reading(desk, listing(desk.wanted, len(queries)), queries).run()
    await _compare(desk, Members.EXCEPTIONAL, started, desk.wanted)
    unconfirmed = await desk.worker.call(desk.known.store.unconfirmed, started)
    for at in range(0, len(unconfirmed), VALUES):
        await read_by_id(desk, unconfirmed[at : at + VALUES])


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
