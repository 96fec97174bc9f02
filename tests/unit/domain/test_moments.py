"""Moments as people and Kubernetes write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.time import datetime_of, instant_of, text_of

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_806_451_200 * SECOND + 999_999, "2027-03-31T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (-62_135_596_800 * SECOND, "0001-01-01T00:00:00Z"),
        # What there is no year for: a review that is due a week after the last day of year 9999, say.
        (253_402_300_800 * SECOND + 7 * 86_400 * SECOND, "9999-12-31T23:59:59Z"),
        (-62_135_596_801 * SECOND, "0001-01-01T00:00:00Z"),
        (10**25, "9999-12-31T23:59:59Z"),
    ],
)
def test_every_moment_can_be_written(instant: int, text: str) -> None:
    assert text_of(instant) == text
    assert datetime_of(instant) == datetime.fromisoformat(text).astimezone(UTC)


@given(st.integers(-10 * 10**15, 10 * 10**15), st.integers(-14 * 60, 14 * 60))
def test_no_microsecond_of_a_moment_is_lost(instant: int, minutes: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    assert instant_of(moment.astimezone(timezone(timedelta(minutes=minutes)))) == instant
