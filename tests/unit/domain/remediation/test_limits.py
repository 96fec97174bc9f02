"""Caps, counted from any journal, against the oracle; and that they hold whatever is begun and restarted."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.remediation.journal import Entry, State
from posture.domain.remediation.limits import Budget, Cap, Limits
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import DAY
from tests.support.examples import examples, seeds
from tests.support.oracle.remediation_journal import caps
from tests.support.oracle.remediation_scenes import BUCKETS, NOW, WIDE, entry

_MOMENTS = st.none() | st.sampled_from(
    (NOW - 30 * DAY, NOW - 30 * DAY + 1, NOW - DAY, NOW - DAY + 1, NOW, NOW + DAY)
)
_ENTRIES = st.builds(
    Entry,
    name=st.sampled_from("abc"),
    rule=st.just("team/rule"),
    resource=st.sampled_from(BUCKETS[:4]),
    state=st.none() | st.sampled_from(State),
    created_at=st.just(1),
    plan_hash=st.just("0" * 16),
    started_at=_MOMENTS,
    finished_at=_MOMENTS,
    attempts=st.none() | st.integers(0, 1),
    writes=st.sampled_from((1, 1, 2, 3, None)),
)
_FEW = st.integers(1, 6)


def reached(
    limits: Limits, *entries: Entry, resource: int = 1, writes: int = 1, checked: int | None = 100
) -> Cap | None:
    why = Budget(limits, entries, checked=checked, now=NOW).why_not(BUCKETS[resource], writes)
    return None if why is None else why.cap


@examples(400)
@given(
    entries=st.lists(_ENTRIES, max_size=6),
    limits=st.builds(
        Limits, _FEW, _FEW, st.sampled_from((1, 10, 34, 100)), _FEW, _FEW, st.sampled_from((DAY, 30 * DAY))
    ),
    asked=st.lists(st.tuples(st.sampled_from(BUCKETS[:6]), st.integers(1, 3)), min_size=1, max_size=6),
    checked=st.none() | st.integers(0, 8),
)
def test_a_limit_is_reached_where_the_oracle_says_so(
    entries: Sequence[Entry], limits: Limits, asked: Sequence[tuple[ResourceKey, int]], checked: int | None
) -> None:
    budget = Budget(limits, entries, checked=checked, now=NOW)
    taken: list[tuple[ResourceKey, int]] = []
    for resource, writes in asked:
        why = budget.why_not(resource, writes)
        exceeded = caps(limits, entries, taken, resource, writes, checked=checked, now=NOW)
        assert (why is None) is (not exceeded)
        if why is None:
            budget.take(resource, writes)
            taken.append((resource, writes))
        else:
            assert why.cap.value in exceeded
            assert why.cap.value in why.message


@seeds(20)
def test_no_day_sees_more_than_its_caps_whatever_dies(seed: int) -> None:
    """A rule runs for days; each cycle plans anew from the journal alone, and may die after any entry."""
    random = Random(seed)
    limits = Limits(per_cycle=4, per_day=9, percent=20, concurrent=3, per_resource=2, within=3 * DAY)
    journal: list[Entry] = []
    writes: list[tuple[int, ResourceKey, int]] = []
    now = NOW
    for cycle in range(300):
        now += random.randrange(1, DAY // 6)
        for n, one in enumerate(journal):
            if one.state is State.RUNNING and random.random() < 0.5:
                journal[n] = replace(
                    one, state=random.choice([State.SUCCEEDED, State.FAILED]), finished_at=now
                )
        budget = Budget(limits, journal, checked=len(BUCKETS), now=now)
        slots, written = budget.slots, 0
        for resource in random.sample(BUCKETS, 12):
            subs = random.randrange(1, 4)
            if not slots or budget.why_not(resource, subs) is not None:
                continue
            budget.take(resource, subs)
            journal.append(
                entry(State.RUNNING, name=f"{cycle}-{len(journal)}", resource=resource, started_at=now,
                      finished_at=None, writes=subs)
            )  # fmt: skip
            writes.append((now, resource, subs))
            slots -= 1
            written += subs
            if random.random() < 0.2:
                break
        assert written <= limits.per_cycle
        assert sum(each.is_going for each in journal) <= limits.concurrent
        day = [(r, n) for at, r, n in writes if at > now - DAY]
        assert sum(n for _, n in day) <= limits.per_day
        assert len({r for r, _ in day}) <= 8
        for resource in BUCKETS:
            assert (
                sum(r == resource and at > now - limits.within for at, r, _ in writes) <= limits.per_resource
            )
    assert len(writes) > 50


@pytest.mark.parametrize("moment", [None, NOW + 1, NOW + 400 * DAY])
def test_a_moment_that_is_ahead_or_unreadable_counts(moment: int | None) -> None:
    assert reached(WIDE._replace(per_day=1), entry(finished_at=moment)) is Cap.PER_DAY
    assert reached(WIDE._replace(per_resource=1), entry(finished_at=moment), resource=0) is Cap.PER_RESOURCE
    assert (
        reached(WIDE._replace(per_day=1), entry(started_at=NOW - 3 * DAY, finished_at=NOW - 2 * DAY)) is None
    )


def test_an_entry_that_does_not_say_how_much_it_wrote_counts_as_all() -> None:
    assert reached(WIDE, entry(writes=None)) is Cap.PER_DAY
    assert reached(WIDE, entry(None)) is Cap.PER_DAY
    assert reached(WIDE, entry(State.AWAITING_APPROVAL, writes=None, attempts=0)) is None


def test_each_sub_write_counts_and_one_resource_of_many_rules_is_one_resource() -> None:
    assert reached(WIDE._replace(per_day=5), entry(writes=4), writes=2) is Cap.PER_DAY
    assert reached(WIDE._replace(per_cycle=1), writes=2) is Cap.PER_CYCLE
    assert reached(WIDE._replace(percent=1), entry(writes=4), resource=0) is None
    assert reached(WIDE._replace(percent=1), entry(writes=4), resource=1) is Cap.PERCENT


@pytest.mark.parametrize(
    ("checked", "allowed"), [(0, 0), (1, 1), (9, 1), (10, 1), (11, 2), (100, 10), (101, 11)]
)
def test_percent_is_rounded_up(checked: int, allowed: int) -> None:
    budget = Budget(WIDE._replace(percent=10), (), checked=checked, now=NOW)
    for bucket in BUCKETS:
        if budget.why_not(bucket, 1) is None:
            budget.take(bucket, 1)
    assert sum(budget.why_not(bucket, 1) is None for bucket in BUCKETS) == allowed


def test_nothing_is_written_while_it_is_not_known_of_how_many() -> None:
    assert reached(WIDE, checked=None) is Cap.PERCENT


def test_an_undo_is_a_write_too() -> None:
    assert reached(WIDE._replace(per_day=4), entry(State.UNDONE, writes=2)) is Cap.PER_DAY
    assert reached(WIDE._replace(per_resource=2), entry(State.UNDONE), resource=0) is Cap.PER_RESOURCE
