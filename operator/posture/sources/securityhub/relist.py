"""Re-lists: sets that findings enter and leave without a change of `UpdatedAt`, read whole and compared.

A change of workflow does not touch `UpdatedAt` (BatchUpdateFindings, API reference), archival perhaps not,
and deletion leaves nothing to be updated. What the set has in the store but not in the listing is read by Id.

The exceptional set has a share of the quota. Where it is too large to be read at each poll it is read in
turns, whose length is told; what is not marked as ours is looked at first, as it is others who change it. The
hourly re-list leaves out what is suppressed, which is the bulk of the set and counts in no score.

`Marks` looks for marks of ours in products that no target asks for: such a product is followed until none is
left. What is followed shrinks when targets ask for less; what we suppressed there must still be ended when
its policy ends. The store tells where marks are, as long as it was there when they were written. Whether
there are others, from before the store or by another replica, is asked of Security Hub when the work begins
and once a day.
"""

import logging

from posture.aws.client.errors import InvalidRequest
from posture.aws.securityhub.wire import FindingsPage
from posture.domain.exceptions import marks
from posture.domain.exceptions.marks import UserFields
from posture.domain.time import DAY
from posture.sources.securityhub.context import Reading, SyncContext
from posture.sources.securityhub.listing import PAGES_ALONE, read_whole
from posture.sources.securityhub.progress import POLLS, RELIST, ROTATION, listing
from posture.sources.securityhub.queries import (
    VALUES,
    Filters,
    exceptional,
    marked_beside,
    not_passed,
    unsuppressed,
    without_mark,
)
from posture.sources.securityhub.sweep import read_by_id, settle
from posture.store.records import Members


class Exceptional:
    """The re-list of what people did by hand: SUPPRESSED, NOTIFIED, and RESOLVED while not PASSED."""

    def __init__(self) -> None:
        # The turn during which what nobody of ours has marked was too much to be looked at first.
        self._too_much_in: int | None = None

    async def relist(self, context: SyncContext, pages: int, owners: frozenset[str]) -> None:
        """Read so many pages of the set, or all of it; `owners`: whose marks are ours.

        Of what is too much a part is read, and the next poll goes on. One that an earlier poll began is
        brought to its end first; only one that this poll began says how things are now.
        """
        done = context.progress.done
        fitted = done.rotated is None or done.polled is None or done.rotated >= done.polled
        if owners and not (fitted and context.progress.rotation is None):
            pages -= await self._look_first(context, pages // 2, owners)
        await _relist_exceptional(context, pages)

    async def _look_first(self, context: SyncContext, pages: int, owners: frozenset[str]) -> int:
        """Read what is not marked as ours, if that is no more than so many pages; return how many it took.

        Where it is more, that is not tried again before the next turn.
        """
        turn = context.progress.done.rotated or 0
        if pages < 1 or self._too_much_in == turn:
            return 0
        queries = without_mark(context.wanted, owners)
        reading = Reading(context, listing(context.wanted, len(queries)), queries, patience=PAGES_ALONE)
        await reading.run(pages)
        self._too_much_in = None if reading.done else turn
        return reading.calls


async def _relist_exceptional(context: SyncContext, pages: int) -> None:
    begun_before = context.progress.rotation is not None
    left = pages - await _rotate(context, max(1, pages))
    if begun_before and context.progress.rotation is None and left > 0:
        await _rotate(context, left)
    unconfirmed = await context.worker.call(context.findings.rows.unconfirmed, context.latest)
    for at in range(0, len(unconfirmed), VALUES):
        await read_by_id(context, unconfirmed[at : at + VALUES])


async def _rotate(context: SyncContext, pages: int) -> int:
    """Read on the exceptional set; return how many pages that took."""
    progress = context.progress
    queries = exceptional(context.wanted)
    if progress.rotation is None or progress.rotation.products != context.wanted:
        progress.rotation = listing(context.wanted, len(queries))
    under_way = progress.rotation
    reading = Reading(context, under_way, queries, keys=(ROTATION,))
    started = await reading.run(pages)
    if reading.done:
        await _compare(context, Members.EXCEPTIONAL, started, frozenset(under_way.credited))
        progress.rotation, progress.done.rotated = None, started
        await context.worker.call(context.findings.kept.put_state, progress.stored(ROTATION))
    return reading.calls


async def relist_not_passed(context: SyncContext, *, beside: bool) -> None:
    """Re-list all that is ACTIVE and not PASSED; it goes on from where it was interrupted.

    `beside`: without what is SUPPRESSED, which polls read.
    """
    progress = context.progress
    if progress.relist is None or progress.relist.products != context.wanted:
        progress.relist = listing(context.wanted, len(not_passed(context.wanted)))
        progress.relist.beside = beside
    under_way = progress.relist
    queries = (unsuppressed if under_way.beside else not_passed)(under_way.products)
    started = await Reading(context, under_way, queries, keys=(RELIST,)).run()
    which = Members.UNSUPPRESSED if under_way.beside else Members.NOT_PASSED
    await _compare(context, which, started, frozenset(under_way.credited))
    progress.relist = None
    progress.done.relisted = max(started, progress.done.relisted or started)
    progress.done.relist_took = context.latest - started
    await context.worker.call(context.findings.kept.put_state, progress.stored(POLLS, RELIST))


async def _compare(context: SyncContext, which: Members, started: int, products: frozenset[str]) -> None:
    if not await settle(context, which, started, products & context.progress.done.products):
        context.progress.done.suspicious = started
        await context.worker.call(context.findings.kept.put_state, context.progress.stored(POLLS))


logger = logging.getLogger(__name__)


class Marks:
    """What is known of the marks of one hub, since the work on it began.

    Until it is told whose marks are ours (`own`), every mark may be. `others`: products whose marks another
    hub looks after.
    """

    def __init__(self, others: frozenset[str] = frozenset()) -> None:
        self._others = others
        self._owners: frozenset[str] | None = None
        # Products of which the last search has found some, and those that it left out.
        self._found: frozenset[str] = frozenset()
        self._left_out: frozenset[str] = frozenset()
        self._searched: int | None = None
        self._looked = False

    def own(self, owners: frozenset[str] | None) -> None:
        """Take by which names marks are ours; others than before may be elsewhere."""
        if owners != self._owners:
            self._owners, self._searched = owners, None

    async def beside(self, context: SyncContext, asked: frozenset[str]) -> frozenset[str]:
        """Return the products that are to be followed beside those that are asked for."""
        done = context.progress.done.products
        # Of what a sweep has read the store tells.
        self._found -= done
        if self._looked and context.wanted | done <= asked:
            return self._found
        left = await context.worker.call(context.findings.rows.marked_products, asked, self._is_ours)
        left -= self._others
        self._looked = True
        return self._found | left

    async def search(self, context: SyncContext) -> bool:
        """Look for marks where no sweep has looked, when that is due; True: more is to be followed."""
        if self._owners is None or not self._is_due(context.latest):
            return False
        left_out = frozenset(context.progress.done.products) or context.wanted
        try:
            found = await self._search(context, sorted(self._owners), left_out | self._others)
        except InvalidRequest as error:
            # What is stored is known all the same.
            logger.warning(
                "The operator's own suppressions in other products could not be searched for: %s",
                error,
            )
            found = frozenset()
        self._searched, self._left_out = context.latest, left_out
        self._found = found
        return not found <= context.wanted

    @property
    def owners(self) -> frozenset[str]:
        """By which names marks are ours; none while that is not known."""
        return self._owners or frozenset()

    def search_anew(self) -> None:
        """Search at the next occasion: a write may have been under way to what is not followed any more."""
        self._searched = None

    def are_known(self, context: SyncContext) -> bool:
        """Whether every finding that bears a mark of ours is stored."""
        done = context.progress.done.products
        return self._searched is not None and self._found | self._left_out <= done

    def _is_due(self, now: int) -> bool:
        return self._searched is None or now - self._searched >= DAY

    def _is_ours(self, fields: UserFields) -> bool:
        mark = marks.read_mark(fields)
        return mark is not None and (self._owners is None or mark.owner in self._owners)

    async def _search(
        self, context: SyncContext, owners: list[str], left_out: frozenset[str]
    ) -> frozenset[str]:
        found: set[str] = set()
        for at in range(0, len(owners), VALUES):
            found |= await self._listed(context, marked_beside(owners[at : at + VALUES], left_out))
        return frozenset(found) - left_out

    async def _listed(self, context: SyncContext, filters: Filters) -> set[str]:
        """Return the products of all findings that a filter selects and that bear a mark of ours."""
        found: set[str] = set()

        async def note(page: FindingsPage) -> None:
            context.latest = max(context.latest, page.asked_at)
            found.update(each.check.product for each in page.findings if self._is_ours(each.user_fields))

        await read_whole(context.source, context.pace, filters, note)
        return found
