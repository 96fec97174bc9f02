"""Copies of one finding in any order of arrival, some of them stale, with writes of our own in between."""

import random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.consistency import (
    SETTLING,
    CopyVerdict,
    CustomerFields,
    Overlay,
    judge_copy,
    lapsed,
    outlives_removal,
    overlaid,
    stacked,
    supersedes,
)
from posture.domain.findings import Workflow


class Version(NamedTuple):
    """The finding as it is from `since` on."""

    since: int
    updated_at: int
    content: str


class Copy(NamedTuple):
    updated_at: int
    asked_at: int
    content: str


@st.composite
def lives(draw: st.DrawFn) -> list[Version]:
    """A life of one finding: the provider moves UpdatedAt forward, customers and archival leave it alone."""
    life = [Version(0, 1, "v0")]
    for n in range(1, draw(st.integers(1, 6))):
        since = life[-1].since + draw(st.integers(1, 5))
        by_provider = draw(st.booleans())
        life.append(Version(since, since if by_provider else life[-1].updated_at, f"v{n}"))
    return life


def at(life: list[Version], moment: int) -> Version:
    return [version for version in life if version.since <= moment][-1]


def arrive(copies: list[Copy]) -> Copy:
    """Keep the copy that counts, as they come."""
    known = copies[0]
    for copy in copies[1:]:
        if supersedes((copy.updated_at, copy.asked_at), (known.updated_at, known.asked_at)):
            known = copy
    return known


moments = st.lists(st.integers(0, 40), min_size=1, max_size=12)


@given(lives(), moments, st.randoms(use_true_random=False))
def test_true_copies_give_the_last_state_in_any_order_and_number(
    life: list[Version], asked: list[int], chance: random.Random
) -> None:
    copies = [Copy(at(life, t).updated_at, t, at(life, t).content) for t in asked]
    arriving = copies + chance.choices(copies, k=3)
    chance.shuffle(arriving)
    assert arrive(arriving).content == at(life, max(asked)).content


@given(
    lives(),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8),
    st.permutations(range(9)),
)
def test_a_stale_copy_of_an_earlier_provider_state_changes_nothing(
    life: list[Version], stale: list[tuple[int, int]], order: list[int]
) -> None:
    """However late it was asked for; copies as old as the last provider state are left out: none can tell."""
    end = life[-1].since
    last = Copy(life[-1].updated_at, end, life[-1].content)
    copies = [last]
    for shown, delay in stale:
        version = at(life, min(shown, end))
        if version.updated_at < last.updated_at:
            copies.append(Copy(version.updated_at, end + delay, version.content))
    arriving = [copies[index] for index in order if index < len(copies)]
    assert arrive(arriving) == last


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6), st.randoms())
def test_the_order_of_arrival_does_not_decide_which_stamp_wins(
    stamps: list[tuple[int, int]], chance: random.Random
) -> None:
    first = [Copy(updated_at, asked_at, "") for updated_at, asked_at in stamps]
    second = chance.sample(first, len(first))
    assert arrive(first) == arrive(second) == arrive(first + second)


def test_archived_and_active_with_one_updated_at_are_told_apart_by_the_request() -> None:
    assert supersedes((5, 11), (5, 10))
    assert not supersedes((5, 9), (5, 10))


def test_customer_fields_of_an_older_copy_lose_though_it_was_asked_for_later() -> None:
    assert not supersedes((4, 99), (5, 10))


def test_the_same_read_twice_may_be_taken_twice() -> None:
    assert supersedes((5, 10), (5, 10))


def test_only_a_request_that_started_after_the_removal_brings_a_finding_back() -> None:
    assert not outlives_removal(9, removed_at=10)
    assert not outlives_removal(10, removed_at=10)
    assert outlives_removal(11, removed_at=10)


WRITTEN_AT = 1_000
OURS = Overlay(Workflow.SUPPRESSED, "ours", (("posture.dev/owner", "o"),), WRITTEN_AT)
BEFORE = CustomerFields(Workflow.NEW, "theirs", (("team", "a"),))
SHOWN = CustomerFields(Workflow.SUPPRESSED, "ours", (("posture.dev/owner", "o"), ("team", "a")))


def test_what_does_not_show_our_write_is_held_until_its_time_is_over() -> None:
    assert judge_copy(OURS, BEFORE, WRITTEN_AT) is CopyVerdict.HELD
    assert judge_copy(OURS, BEFORE, WRITTEN_AT + SETTLING) is CopyVerdict.HELD
    assert judge_copy(OURS, BEFORE, WRITTEN_AT + SETTLING + 1) is CopyVerdict.LAPSED
    assert not lapsed(WRITTEN_AT, WRITTEN_AT + SETTLING)
    assert lapsed(WRITTEN_AT, WRITTEN_AT + SETTLING + 1)


def test_a_read_that_shows_our_write_confirms_it() -> None:
    assert judge_copy(OURS, SHOWN, WRITTEN_AT) is CopyVerdict.CONFIRMED


def test_a_read_from_before_the_write_confirms_nothing() -> None:
    assert judge_copy(OURS, SHOWN, WRITTEN_AT - 1) is CopyVerdict.HELD


def test_each_field_that_we_wrote_must_be_seen() -> None:
    for unseen in (
        SHOWN._replace(workflow=Workflow.NOTIFIED),
        SHOWN._replace(note="another"),
        SHOWN._replace(user_fields=(("team", "a"),)),
        SHOWN._replace(user_fields=(("posture.dev/owner", ""), ("team", "a"))),
    ):
        assert judge_copy(OURS, unseen, WRITTEN_AT) is CopyVerdict.HELD, unseen


def test_a_note_over_ours_is_seen_at_once_where_our_fields_tell_that_it_is_later() -> None:
    ours, noted = OURS._replace(fields_tell=True), SHOWN._replace(note="another")
    assert judge_copy(ours, noted, WRITTEN_AT) is CopyVerdict.CONFIRMED
    assert judge_copy(ours, noted, WRITTEN_AT - 1) is CopyVerdict.HELD
    assert judge_copy(ours, noted._replace(user_fields=()), WRITTEN_AT) is CopyVerdict.HELD
    assert judge_copy(ours, noted._replace(workflow=Workflow.NEW), WRITTEN_AT) is CopyVerdict.HELD
    assert not stacked(ours, OURS._replace(written_at=WRITTEN_AT + 5)).fields_tell


def test_fields_that_we_did_not_write_are_as_shown_and_need_not_be_seen() -> None:
    note_only = Overlay(None, "ours", None, WRITTEN_AT)
    assert judge_copy(note_only, SHOWN, WRITTEN_AT) is CopyVerdict.CONFIRMED
    assert overlaid(note_only, BEFORE) == BEFORE._replace(note="ours")
    assert overlaid(OURS, BEFORE) == CustomerFields(
        Workflow.SUPPRESSED, "ours", (("posture.dev/owner", "o"),)
    )


def test_a_second_write_keeps_what_the_first_wrote_and_it_does_not() -> None:
    later = Overlay(None, "more", None, WRITTEN_AT + 5)
    assert stacked(OURS, later) == OURS._replace(note="more", written_at=WRITTEN_AT + 5)
    assert stacked(None, later) == later
    noted = OURS._replace(note_by="us")
    assert stacked(noted, Overlay(Workflow.NEW, None, None, WRITTEN_AT + 5)).note_by == "us"
    assert stacked(noted, later._replace(note_by="jira")).note_by == "jira"
    assert overlaid(noted, BEFORE._replace(note_by="jira")).note_by == "us"
    assert overlaid(Overlay(None, None, None, 0), BEFORE._replace(note_by="jira")).note_by == "jira"
    assert stacked(OURS, OURS._replace(workflow=Workflow.NEW)).workflow is Workflow.NEW


def test_a_second_write_does_not_revive_a_first_whose_time_is_over() -> None:
    later = Overlay(None, "more", None, WRITTEN_AT + SETTLING + 1)
    assert stacked(OURS, later) == later


customers = st.builds(
    CustomerFields,
    st.sampled_from(Workflow),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from([(), (("k", "v"),), (("k", "w"),), (("k", "v"), ("l", "v"))]),
)
overlays = st.builds(
    Overlay,
    st.none() | st.sampled_from(Workflow),
    st.none() | st.sampled_from(["", "a", "b"]),
    st.none() | st.sampled_from([(), (("k", "v"),), (("k", "w"),)]),
    st.just(WRITTEN_AT),
)


@given(overlays, customers, st.integers(0, SETTLING))
def test_what_is_shown_under_an_overlay_would_confirm_it(
    overlay: Overlay, shown: CustomerFields, later: int
) -> None:
    """Were it not so, our own write could never be seen and would lapse each time."""
    assert judge_copy(overlay, overlaid(overlay, shown), WRITTEN_AT + later) is CopyVerdict.CONFIRMED
    assert overlaid(overlay, overlaid(overlay, shown)) == overlaid(overlay, shown)
