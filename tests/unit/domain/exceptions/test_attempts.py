from typing import NamedTuple

from posture.domain.exceptions.attempts import (
    LONGEST_WAIT,
    REMEMBERED,
    REMEMBERED_ONCE,
    Tries,
    Try,
    is_due,
    purpose_of,
    remembered,
    tried,
)
from posture.domain.findings import FindingId

POLL = 300 * 1_000_000
ID = FindingId("arn", "1")


class Attempt(NamedTuple):
    written: FindingId
    purpose: str
    undone: str = ""


def test_the_same_waits_1_2_4_polls_and_six_hours_at_most() -> None:
    for times, polls in ((1, 1), (2, 2), (3, 4), (7, 64)):
        last = Try("p", times, at=0)
        early = polls * POLL - POLL // 2
        assert not is_due(last, "p", early - 1, POLL)
        assert is_due(last, "p", early, POLL)
    for times in (8, 100, 10**9):
        assert not is_due(Try("p", times, 0), "p", LONGEST_WAIT - POLL, POLL)
        assert is_due(Try("p", times, 0), "p", LONGEST_WAIT, POLL)


def test_anything_else_does_not_wait() -> None:
    assert is_due(None, "p", 0, POLL)
    assert is_due(Try("p", 9, at=0), "q", 0, POLL)


def test_a_clock_set_back_holds_nothing_up() -> None:
    assert is_due(Try("p", 9, at=10 * LONGEST_WAIT), "p", 0, POLL)


def test_tries_in_a_row_are_counted_and_another_purpose_starts_anew() -> None:
    tries = tried({}, [Attempt(ID, "p", "ns/a")], 1)
    tries = tried(tries, [Attempt(ID, "p")], 2)
    assert tries == {ID: Try("p", 2, 2, "ns/a")}
    assert tried(tries, [Attempt(ID, "q")], 3) == {ID: Try("q", 1, 3)}
    assert tries == {ID: Try("p", 2, 2, "ns/a")}


def test_tries_are_forgotten() -> None:
    once, twice, undone = Try("p", 1, 0), Try("p", 2, 0), Try("p", 1, 0, "ns/a")
    tries: Tries = {FindingId("arn", str(n)): last for n, last in enumerate((once, twice, undone))}
    assert list(remembered(tries, REMEMBERED_ONCE - 1).values()) == [once, twice, undone]
    assert list(remembered(tries, REMEMBERED_ONCE).values()) == [twice, undone]
    assert list(remembered(tries, REMEMBERED - 1).values()) == [twice, undone]
    assert remembered(tries, REMEMBERED) == {}
    assert remembered(tries, -REMEMBERED) == {}


def test_a_purpose_is_what_all_its_words_say() -> None:
    assert purpose_of("a", "bc") != purpose_of("ab", "c")
    assert purpose_of("a", "b") == purpose_of("a", "b")
