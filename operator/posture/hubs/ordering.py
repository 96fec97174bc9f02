"""Requests that are later than everything stored, also just after a restart.

The store takes the copy whose request started later for the newer. Within one process starts only grow;
between two processes AWS's clock is known to a second or so, and a fast restart could begin before the end of
its past. A past that lies minutes ahead is none: AWS's time was learned wrongly then, and whatever was stored
under it would win over what AWS says now.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.aws.clock import BELIEVED_AHEAD
from posture.aws.securityhub import FindingsPage
from posture.hubs.scan import Source
from posture.store import StoreLost


class TimesAhead(StoreLost):
    """What is stored was read at moments that are yet to come; nothing can be concluded from it."""

    def __init__(self, ahead: int) -> None:
        super().__init__(
            f"The store's times are {ahead // 60_000_000} minutes ahead of AWS's clock",
            reason="StoreAhead",
            advice="nothing needs to be done, all findings are read again; if it comes again, look for a"
            " proxy before Security Hub that sets the Date of answers",
        )


class Ordered:
    """A source whose requests all start later than `floor`: by what the first one lacks, all are moved.

    Raises TimesAhead where that would be more than `BELIEVED_AHEAD`, at the first request or later.
    """

    def __init__(self, source: Source, floor: int) -> None:
        self._source = source
        self._floor = floor
        self._shift: int | None = None
        self._latest = floor

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        """Return one page; its `asked_at` is in order."""
        page = await self._source.get_findings(filters, sort=sort, next_token=next_token)
        if self._shift is None:
            # Others may be in flight that started while this one was.
            earliest = page.asked_at - int(page.seconds * 1_000_000)
            self._shift = max(0, self._floor + 1 - earliest)
        ahead = self._latest - page.asked_at
        if ahead > BELIEVED_AHEAD:
            raise TimesAhead(ahead)
        self._latest = max(self._latest, page.asked_at)
        return page._replace(asked_at=page.asked_at + self._shift)
