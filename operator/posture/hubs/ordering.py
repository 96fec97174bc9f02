"""Requests that are later than everything stored, also just after a restart.

The store takes the copy whose request started later for the newer. Within one process starts only grow;
between two processes AWS's clock is known to a second or so, and a fast restart could begin before the end of
its past.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.aws.securityhub import FindingsPage
from posture.hubs.scan import Source


class Ordered:
    """A source whose requests all start later than `floor`: by what the first one lacks, all are moved."""

    def __init__(self, source: Source, floor: int) -> None:
        self._source = source
        self._floor = floor
        self._shift: int | None = None

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
        return page._replace(asked_at=page.asked_at + self._shift)
