import copy
import pickle
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from posture.api.durations import Duration

_UNITS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_NUMBERS = st.builds(
    lambda thousandths, places: Decimal(thousandths // 10 ** (3 - places)).scaleb(-places),
    st.integers(0, 999_999_999),
    st.integers(0, 3),
)
_PARTS = st.tuples(_NUMBERS, st.sampled_from(sorted(_UNITS)))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("24h", 86400), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400), ("0s", 0)],
)
def test_reads_as_kubernetes_does(text: str, seconds: float) -> None:
    duration = Duration(text)
    assert duration == timedelta(seconds=seconds)
    assert duration.total_seconds() == seconds
    assert str(duration) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "m",
        "5 m",
        "-5m",
        "+5m",
        "1d",
        "1w",
        "PT5M",
        "5m ",
        "5m\n",
        "\u0665m",
        "1e3s",
        ".5h",
        "5M",
        "1us",
    ],
)
def test_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="write a number and a unit"):
        Duration(text)


@example([(Decimal(214), "ms"), (Decimal(596524), "h"), (Decimal(6767), "ms"), (Decimal(6767), "ms")])
@given(st.lists(_PARTS, min_size=1, max_size=4))
def test_is_the_sum_of_its_parts_and_keeps_its_spelling(parts: list[tuple[Decimal, str]]) -> None:
    """To the microsecond, beyond which there is nothing."""
    text = "".join(f"{number:f}{unit}" for number, unit in parts)
    duration = Duration(text)
    assert duration == timedelta(microseconds=int(sum(number * _UNITS[unit] for number, unit in parts)))
    for twin in (copy.deepcopy(duration), copy.copy(duration), pickle.loads(pickle.dumps(duration))):  # noqa: S301 - made a line above
        assert twin == duration
        assert str(twin) == text


def test_computes_as_any_length_of_time() -> None:
    assert Duration("1h") + Duration("30m") == Duration("90m")
    assert 2 * Duration("5m") == timedelta(minutes=10)
    assert Duration("5m") < Duration("1h")
    assert hash(Duration("60m")) == hash(Duration("1h"))
