"""When a rule's window is open."""

from datetime import datetime

import pytest

from posture.api.durations import Duration
from posture.api.schedule import Window
from posture.domain.time import MINUTE, instant_of
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


NIGHT = Window(schedule="30 2 * * *", duration=Duration("1h"), time_zone="Europe/Amsterdam")
LONG = Window(schedule="0 0 * * *", duration=Duration("8h"), time_zone="Europe/Amsterdam")


@pytest.mark.parametrize(
    ("window", "now", "until", "opens"),
    [
        # There is no half past two: clocks go from two to three.
        (NIGHT, "2026-03-29T00:59:59Z", None, "2026-03-29T01:00:00Z"),
        (NIGHT, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-30T00:30:00Z"),
        (NIGHT, "2026-03-29T02:00:00Z", None, "2026-03-30T00:30:00Z"),
        # There are two: it opens at the first one, for an hour.
        (NIGHT, "2026-10-25T00:29:59Z", None, "2026-10-25T00:30:00Z"),
        (NIGHT, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
        (NIGHT, "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
        (NIGHT, "2026-10-25T01:30:00Z", None, "2026-10-26T01:30:00Z"),
        (NIGHT, "2026-10-25T02:30:00Z", None, "2026-10-26T01:30:00Z"),
        # Eight hours are eight hours, were one of them there twice, or not at all.
        (LONG, "2026-03-29T06:59:59Z", "2026-03-29T07:00:00Z", "2026-03-29T22:00:00Z"),
        (LONG, "2026-03-29T07:00:00Z", None, "2026-03-29T22:00:00Z"),
        (LONG, "2026-10-25T05:59:59Z", "2026-10-25T06:00:00Z", "2026-10-25T23:00:00Z"),
        (LONG, "2026-10-25T06:00:00Z", None, "2026-10-25T23:00:00Z"),
    ],
)
def test_a_window_keeps_to_what_it_says_when_clocks_change(
    window: Window, now: str, until: str | None, opens: str
) -> None:
    found = opening(window, instant_of(datetime.fromisoformat(now)))
    assert (found.open_until, found.opens_at) == (moment(until), moment(opens))


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-27"])
def test_through_a_day_no_window_opens_in_the_past_or_closes_early(day: str) -> None:
    window = Window(schedule="*/20 * * * *", duration=Duration("10m"), time_zone="Europe/Amsterdam")
    began = instant_of(datetime.fromisoformat(f"{day}T00:00:00Z"))
    for minute in range(0, 6 * 60, 5):
        now = began + minute * MINUTE
        found = opening(window, now)
        last = now - now % (20 * MINUTE)
        assert found.opens_at == last + 20 * MINUTE
        assert found.open_until == (last + 10 * MINUTE if now < last + 10 * MINUTE else None)
