"""When a metric gets a point: by hand, and over random histories."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.time import HOUR, MINUTE, SECOND
from posture.publish.cloudwatch.ledger import Ledger
from posture.publish.cloudwatch.metrics import Metric, MetricLevel, MetricValue
from posture.publish.cloudwatch.selection import MetricGroup
from tests.support.examples import examples

START = 1_800_000_000 * SECOND // HOUR * HOUR


def metric(name: str) -> Metric:
    return Metric("Score", (("Report", name),))


def points(ledger: Ledger, values: dict[str, float], at: int, *, unsent: bool = False) -> dict[str, float]:
    readings = [MetricValue(metric(name), value) for name, value in sorted(values.items())]
    group = MetricGroup(MetricLevel.WORKLOAD, "Score", ("security", "organization"), "u", readings)
    due, _ = ledger.due([group], at, unsent=unsent)
    assert all(point.at == at and owner == "u" for owner, point in due)
    return {point.metric.dimensions[0][1]: point.value for _, point in due}


def test_a_value_is_told_when_it_changes_and_within_the_hour() -> None:
    ledger = Ledger(10)
    assert points(ledger, {"a": 1.0}, START) == {"a": 1.0}
    assert points(ledger, {"a": 1.0}, START + 5 * MINUTE) == {}
    assert points(ledger, {"a": 2.0}, START + 6 * MINUTE) == {"a": 2.0}
    assert points(ledger, {"a": 2.0}, START + 55 * MINUTE) == {}
    assert points(ledger, {"a": 2.0}, START + 56 * MINUTE) == {"a": 2.0}


def test_a_second_change_waits_for_the_next_minute() -> None:
    ledger = Ledger(10)
    assert points(ledger, {"a": 1.0}, START) == {"a": 1.0}
    assert points(ledger, {"a": 2.0}, START + 30 * SECOND) == {}
    assert points(ledger, {"a": 2.0}, START + 61 * SECOND) == {"a": 2.0}


def test_what_is_new_waits_for_the_next_hour_where_all_room_was_used() -> None:
    ledger = Ledger(2)
    assert points(ledger, {"b": 1.0, "c": 1.0}, START) == {"b": 1.0, "c": 1.0}
    assert points(ledger, {"a": 1.0, "b": 1.0, "c": 2.0}, START + 10 * MINUTE) == {}
    assert points(ledger, {"a": 1.0, "b": 1.0}, START + HOUR) == {"a": 1.0, "b": 1.0}


def test_what_was_not_sent_in_its_hour_counts_in_the_next() -> None:
    ledger = Ledger(1)
    assert points(ledger, {"b": 1.0}, START) == {"b": 1.0}
    assert points(ledger, {"a": 1.0}, START + HOUR, unsent=True) == {}
    assert points(ledger, {"a": 1.0}, START + HOUR + MINUTE) == {"a": 1.0}


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    ledger = Ledger(10)
    assert points(ledger, {"a": 1.0}, START + 24 * HOUR) == {"a": 1.0}
    assert points(ledger, {"a": 1.0}, START) == {"a": 1.0}
    assert points(ledger, {"a": 2.0}, START + 2 * MINUTE) == {"a": 2.0}


def test_what_was_forgotten_is_told_anew() -> None:
    ledger = Ledger(10)
    points(ledger, {"a": 1.0, "b": 1.0}, START)
    ledger.forget([metric("a")])
    assert points(ledger, {"a": 1.0, "b": 1.0}, START + MINUTE) == {"a": 1.0}


steps = st.tuples(
    st.integers(1, 40 * 60),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.0, 50.0, 100.0])),
)


@examples(200)
@given(st.integers(1, 6), st.lists(steps, max_size=40))
def test_over_any_history_it_keeps_what_it_promises(
    most: int, history: list[tuple[int, dict[str, float]]]
) -> None:
    ledger, now = Ledger(most), START
    told: dict[str, list[tuple[int, float]]] = defaultdict(list)
    by_hour: dict[int, set[str]] = defaultdict(set)
    for seconds, values in history:
        now += seconds * SECOND
        for name, value in points(ledger, values, now).items():
            assert values[name] == value
            if told[name]:
                at, before = told[name][-1]
                assert at // MINUTE != now // MINUTE
                assert value != before or now - at >= 50 * MINUTE
            told[name].append((now, value))
            by_hour[now // HOUR].add(name)
        if len(by_hour[now // HOUR] | values.keys()) <= most:
            # There is room for all: what is not due was told within the hour as it is, or in this minute.
            for name, value in values.items():
                at, before = told[name][-1]
                assert at // MINUTE == now // MINUTE or (before == value and now - at < HOUR)
    assert all(len(names) <= most for names in by_hour.values())
