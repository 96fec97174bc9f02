"""When a rule's window is open."""

from datetime import datetime

import pytest

from posture.api.durations import Duration
from posture.api.schedule import Window
from posture.domain.time import instant_of
from posture.remediation.planning import opening

OFFICE = Window(schedule="0 9 * * 1-5", duration=Duration("8h"), time_zone="Europe/Amsterdam")


def moment(text: str | None) -> int | None:
    return None if text is None else instant_of(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("now", "until", "opens"),
    [
        ("2026-11-27T07:59:59Z", None, "2026-11-27T08:00:00Z"),
        ("2026-11-27T08:00:00Z", "2026-11-27T16:00:00Z", "2026-11-30T08:00:00Z"),
        ("2026-11-27T08:00:30Z", "2026-11-27T16:00:00Z", "2026-11-30T08:00:00Z"),
        ("2026-11-27T15:59:59Z", "2026-11-27T16:00:00Z", "2026-11-30T08:00:00Z"),
        ("2026-11-27T16:00:00Z", None, "2026-11-30T08:00:00Z"),
        ("2026-07-01T07:00:00Z", "2026-07-01T15:00:00Z", "2026-07-02T07:00:00Z"),
    ],
)
def test_a_window_is_open_from_its_schedule_on_in_its_time_zone(
    now: str, until: str | None, opens: str
) -> None:
    found = opening(OFFICE, instant_of(datetime.fromisoformat(now)))
    assert (found.open_until, found.opens_at) == (moment(until), moment(opens))


def test_a_window_that_is_longer_than_its_pause_stays_open() -> None:
    always = Window(schedule="0 * * * *", duration=Duration("3h"))
    now = instant_of(datetime.fromisoformat("2026-11-27T10:30:00Z"))
    assert opening(always, now).open_until == moment("2026-11-27T13:00:00Z")
