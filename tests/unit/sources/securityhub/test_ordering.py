"""After a restart no request seems to be older than what is stored."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from posture.aws.securityhub.wire import FindingsPage
from posture.sources.base import TimesAhead
from posture.sources.securityhub.listing import Ordered
from posture.sources.securityhub.progress import LATEST, POLLS, SyncProgress


class Clockwork:
    """Answers whose requests started at these moments; each took two µs."""

    def __init__(self, *moments: int) -> None:
        self._moments = iter(moments)

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
    ) -> FindingsPage:
        del filters, sort, next_token
        return FindingsPage([], [], [], None, next(self._moments), None, 0.000_002)


async def test_starts_are_moved_behind_what_is_stored_and_keep_their_distances() -> None:
    source = Ordered(Clockwork(100, 99, 107), floor=200)
    assert [(await source.get_findings({})).asked_at for _ in range(3)] == [203, 202, 210]


async def test_a_clock_that_is_ahead_already_is_left_alone() -> None:
    source = Ordered(Clockwork(300, 301), floor=200)
    assert [(await source.get_findings({})).asked_at for _ in range(2)] == [300, 301]


def test_progress_of_another_version_is_begun_anew_but_not_the_time() -> None:
    progress = SyncProgress({POLLS: '{"polled": "yesterday"}', LATEST: "7"})
    assert progress.done.polled is None
    assert progress.latest == 7


async def test_times_that_are_minutes_ahead_are_not_gone_on_from() -> None:
    now, minute = 10**15, 60_000_000
    with pytest.raises(TimesAhead, match="60 minutes ahead"):
        await Ordered(Clockwork(now), floor=now + 60 * minute).get_findings({})
    source = Ordered(Clockwork(now + 60 * minute, now), floor=0)
    await source.get_findings({})
    with pytest.raises(TimesAhead):
        await source.get_findings({})
