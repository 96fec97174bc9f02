"""Marks of ours in products that no target asks for: such a product is followed until none is left.

What is followed shrinks when targets ask for less; what we suppressed there must still be ended when its
policy ends. The store tells where marks are, as long as it was there when they were written. Whether there
are others, from before the store or by another replica, is asked of Security Hub when the work begins and
once a day.
"""

import logging

from posture.aws.errors import InvalidRequest
from posture.aws.securityhub import FindingsPage
from posture.domain import ownership
from posture.domain.ownership import UserFields
from posture.hubs.desk import DAY, Desk
from posture.hubs.queries import VALUES, Filters, marked_beside
from posture.hubs.scan import read_whole

logger = logging.getLogger(__name__)


class Marks:
    """What is known of the marks of one hub, since the work on it began.

    Until it is told whose marks are ours (`own`), every mark may be.
    """

    def __init__(self) -> None:
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

    async def beside(self, desk: Desk, asked: frozenset[str]) -> frozenset[str]:
        """Return the products that are to be followed beside those that are asked for."""
        done = desk.progress.done.products
        # Of what a sweep has read the store tells.
        self._found -= done
        if self._looked and desk.wanted | done <= asked:
            return self._found
        left = await desk.worker.call(desk.known.store.marked_products, asked, self._is_ours)
        self._looked = True
        return self._found | left

    async def search(self, desk: Desk) -> bool:
        """Look for marks where no sweep has looked, when that is due; True: more is to be followed."""
        if self._owners is None or not self._is_due(desk.latest):
            return False
        left_out = frozenset(desk.progress.done.products) or desk.wanted
        try:
            found = await self._search(desk, sorted(self._owners), left_out)
        except InvalidRequest as error:
            # What is stored is known all the same.
            logger.warning(
                "The operator's own suppressions in other products could not be searched for: %s",
                error,
            )
            found = frozenset()
        self._searched, self._left_out = desk.latest, left_out
        self._found = found
        return not found <= desk.wanted

    def search_anew(self) -> None:
        """Search at the next occasion: a write may have been under way to what is not followed any more."""
        self._searched = None

    def are_known(self, desk: Desk) -> bool:
        """Whether every finding that bears a mark of ours is stored."""
        done = desk.progress.done.products
        return self._searched is not None and self._found | self._left_out <= done

    def _is_due(self, now: int) -> bool:
        return self._searched is None or now - self._searched >= DAY

    def _is_ours(self, fields: UserFields) -> bool:
        mark = ownership.read(fields)
        return mark is not None and (self._owners is None or mark.owner in self._owners)

    async def _search(self, desk: Desk, owners: list[str], left_out: frozenset[str]) -> frozenset[str]:
        found: set[str] = set()
        for at in range(0, len(owners), VALUES):
            found |= await self._listed(desk, marked_beside(owners[at : at + VALUES], left_out))
        return frozenset(found) - left_out

    async def _listed(self, desk: Desk, filters: Filters) -> set[str]:
        """Return the products of all findings that a filter selects and that bear a mark of ours."""
        found: set[str] = set()

        async def note(page: FindingsPage) -> None:
            desk.latest = max(desk.latest, page.asked_at)
            found.update(each.check.product for each in page.findings if self._is_ours(each.user_fields))

        await read_whole(desk.source, desk.pace, filters, note)
        return found
