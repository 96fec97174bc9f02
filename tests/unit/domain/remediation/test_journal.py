"""Names of entries, and which of them are removed."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.remediation.journal import Entry, History, State, entry_name, next_name, removable
from posture.domain.remediation.limits import Budget
from posture.domain.time import DAY
from tests.support.examples import examples
from tests.support.oracle.remediation_journal import may_have_written
from tests.support.oracle.remediation_scenes import BUCKETS, NOW, WIDE, entry

FINISHED = (State.SUCCEEDED, State.FAILED, State.SKIPPED, State.UNDONE)


def test_a_name_is_one_of_its_rule_resource_and_occurrence_and_fits_the_api() -> None:
    names = {
        entry_name(uid, resource, occurrence)
        for uid in ("u", "v")
        for resource in BUCKETS[:2]
        for occurrence in ("", "w")
    }
    assert len(names) == 8
    assert all(len(name) <= 63 and name.replace("-", "").isalnum() and name == name.lower() for name in names)
    # Written down: another release must find what this one began.
    assert entry_name("u", BUCKETS[0], "") == "remediation-07891d7fbafc70d60ffd916bdd474dab"


@examples(100)
@given(dated=st.lists(st.integers(0, 2), max_size=8), removed=st.sets(st.integers(0, 7)))
def test_the_next_name_is_the_same_until_it_is_taken_and_is_never_one_that_is_there(
    dated: Sequence[int], removed: set[int]
) -> None:
    journal: list[Entry] = []
    for n, later in enumerate(dated):
        name = next_name("u", BUCKETS[0], journal[::-1])
        assert name == next_name("u", BUCKETS[0], journal)
        assert name not in {each.name for each in journal}
        # Several within one second of the API server's.
        made = (journal[-1].created_at if journal else 0) + later
        journal.append(entry(name=name, created_at=made))
        if n in removed:
            del journal[0]


_DAYS = st.sampled_from((-2, 0, 0, 1, 2, 19, 20, 30, 31, 45))
_MOMENTS = st.none() | _DAYS.map(lambda days: NOW - days * DAY)
_JOURNALS = st.lists(
    st.builds(
        entry,
        st.none() | st.sampled_from(State),
        resource=st.sampled_from(BUCKETS[:3]),
        started_at=_MOMENTS,
        finished_at=_MOMENTS,
        created_at=st.integers(0, 45).map(lambda days: NOW - days * DAY),
        attempts=st.none() | st.integers(0, 1),
        restores=st.booleans(),
        undo=st.booleans(),
    ),
    max_size=12,
).map(lambda those: [replace(each, name=f"rem-{n:02}") for n, each in enumerate(those)])


@examples(400)
@given(
    journal=_JOURNALS,
    history=st.builds(History, st.integers(1, 4), st.sampled_from((DAY, 20 * DAY, 90 * DAY))),
    within=st.sampled_from((DAY, 30 * DAY)),
)
def test_what_is_removed_changes_no_cap_and_leaves_what_can_be_undone(
    journal: Sequence[Entry], history: History, within: int
) -> None:
    gone = removable(journal, history, within, NOW)
    assert gone == removable(journal[::-1], history, within, NOW)
    left = [each for each in journal if each.name not in gone]
    limits = WIDE._replace(within=within)
    before, after = (Budget(limits, those, checked=9, now=NOW) for those in (journal, left))
    assert vars(before) == vars(after)
    finished = [each for each in journal if each.state in FINISHED]
    for each in finished:
        ended = each.created_at if each.finished_at is None else each.finished_at
        later = [
            other
            for other in finished
            if other.resource == each.resource and (other.ended_at, other.name) > (ended, each.name)
        ]
        if each.name in gone:
            assert not (each.undo and each.restores and each.state in FINISHED[:2])
            assert ended <= NOW - DAY
            assert not may_have_written(each, NOW - within)
            too_old = ended <= NOW - history.keep_for
            assert too_old or (
                each.state is not State.UNDONE
                and not each.undo
                and (not each.restores or later or each.attempts == 0 or each.state is State.SKIPPED)
            )
        elif (
            ended <= NOW - history.keep_for
            and ended <= NOW - DAY
            and not may_have_written(each, NOW - within)
        ):
            assert each.undo
    assert {each.name for each in journal if each.state not in FINISHED} <= {each.name for each in left}
    spare = [
        each
        for each in left
        if each.state in FINISHED[:3] and not each.restores and not each.undo and each.ended_at <= NOW - DAY
    ]
    assert len([each for each in spare if not may_have_written(each, NOW - within)]) <= history.limit


def test_what_ended_within_a_day_is_kept_whatever_the_limit() -> None:
    skipped = [
        entry(State.SKIPPED, name=f"rem-{n}", attempts=0, finished_at=NOW - DAY + n, created_at=1)
        for n in range(4)
    ]
    assert removable(skipped, History(1, DAY), DAY, NOW) == ["rem-0"]
