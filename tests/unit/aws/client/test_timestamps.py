from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.time import parse_timestamp, rfc3339


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.1Z", 100_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T01:00:00+0100", 0),
        ("1970-01-01T17:00:00+17", 0),
        ("1969-12-31T23:30:00-00:30", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-11-22T06:00:00.500Z", 1_795_327_200_500_000),
    ],
)
def test_reads_every_form_that_asff_allows(text: str, expected: int) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-22",
        "2026-11-22T06:00:00",
        "2026-13-22T06:00:00Z",
        "2026-11-22T25:00:00Z",
        "1795",
    ],
)
def test_refuses_what_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_timestamp(text)


@given(
    moment=st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    ),
    minutes=st.integers(-18 * 60, 18 * 60),
)
def test_an_instant_is_the_same_in_every_offset(moment: datetime, minutes: int) -> None:
    there = moment.astimezone(timezone(timedelta(minutes=minutes)))
    expected = round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    assert parse_timestamp(there.isoformat()) == parse_timestamp(moment.isoformat()) == expected
    assert parse_timestamp(rfc3339(expected)) == expected


def test_writes_what_date_filters_take() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"
    assert rfc3339(1_795_327_200_500_000) == "2026-11-22T06:00:00.500000Z"
