"""The sweep: everything of the wanted products, whatever its state and age; and what it did not find."""

from collections.abc import Callable

from posture.hubs.absence import remove_unread, settle
from posture.hubs.desk import Desk
from posture.hubs.progress import POLLS, SWEEP, Listing, listing
from posture.hubs.queries import everything
from posture.hubs.reading import Reading
from posture.store import Members


def begin(desk: Desk, *, full: bool) -> Listing:
    """Begin a sweep of all wanted products, or only of those that no sweep has read yet."""
    done = desk.progress.done
    products = desk.wanted if full else desk.wanted - done.products
    under_way = listing(products, len(everything(products)))
    under_way.full = products == desk.wanted
    desk.progress.sweep = under_way
    return under_way


async def sweep(desk: Desk, under_way: Listing, watch: Callable[[Reading], None]) -> None:
    """Read a sweep on to its end, and draw its conclusions. `watch` is given its reading."""
    progress = desk.progress
    reading = Reading(
        desk,
        under_way,
        everything(under_way.products),
        keys=(SWEEP, POLLS),
        cursor=lambda: _cursor(desk, under_way),
        on_started=lambda started: _follow(desk, started),
    )
    watch(reading)
    started = await reading.run()
    if not under_way.full:
        # Of products that no sweep has read: what a removal of theirs that was cut off has left behind.
        await remove_unread(desk, started, started, frozenset(under_way.credited))
    elif not await _conclude(desk, under_way, started):
        return
    progress.done.products |= under_way.credited
    progress.sweep = None
    await desk.worker.call(desk.known.store.put_state, progress.stored(POLLS, SWEEP))


def _follow(desk: Desk, started: int) -> None:
    """Follow the changes from the first sweep's start: what leaves its windows meanwhile has changed."""
    done = desk.progress.done
    if done.polled is None:
        done.polled = started


def _cursor(desk: Desk, under_way: Listing) -> int | None:
    """Return up to when polls must have brought all changes; None in the first sweep of a product."""
    done = desk.progress.done
    if done.polled is None or not under_way.products <= done.products:
        return None
    return done.polled - desk.bounds.overlap


async def _conclude(desk: Desk, under_way: Listing, started: int) -> bool:
    """Remove what is gone; False when too much is: then the next sweep, begun here, has to miss it too."""
    progress, products = desk.progress, frozenset(under_way.credited)
    if under_way.confirms is not None:
        await remove_unread(desk, under_way.confirms, started, products)
    if not await settle(desk, Members.ACTIVE, started, products):
        progress.done.suspicious = started
        begin(desk, full=True).confirms = started
        await desk.worker.call(desk.known.store.put_state, progress.stored(POLLS, SWEEP))
        return False
    await desk.worker.call(desk.known.conclude_sweep, started)
    done = progress.done
    if done.suspicious is not None and done.suspicious <= started:
        done.suspicious = None
    done.swept, done.sweep_took = started, desk.latest - started
    done.relisted = max(started, done.relisted or started)
    return True
