from typing import NamedTuple

from posture.domain.exceptions.attempts import (
    LONGEST_WAIT,
    REMEMBERED,
    REMEMBERED_ONCE,
    Attempts,
    LastAttempt,
    attempted,
    is_due,
    purpose_of,
    remembered,
)
from posture.domain.findings import FindingId

POLL = 300 * 1_000_000
ID = FindingId("arn", "1")


class Attempt(NamedTuple):
    attempt_key: FindingId
    purpose: str
    undone: str = ""


def test_the_same_waits_1_2_4_polls_and_six_hours_at_most() -> None:
    for times, polls in ((1, 1), (2, 2), (3, 4), (7, 64)):
        last = LastAttempt("p", times, at=0)
        early = polls * POLL - POLL // 2
        assert not is_due(last, "p", early - 1, POLL)
        assert is_due(last, "p", early, POLL)
    for times in (8, 100, 10**9):
        assert not is_due(LastAttempt("p", times, 0), "p", LONGEST_WAIT - POLL, POLL)
        assert is_due(LastAttempt("p", times, 0), "p", LONGEST_WAIT, POLL)


def test_anything_else_does_not_wait() -> None:
    assert is_due(None, "p", 0, POLL)
    assert is_due(LastAttempt("p", 9, at=0), "q", 0, POLL)


def test_a_clock_set_back_holds_nothing_up() -> None:
    assert is_due(LastAttempt("p", 9, at=10 * LONGEST_WAIT), "p", 0, POLL)


def test_tries_in_a_row_are_counted_and_another_purpose_starts_anew() -> None:
    attempts = attempted({}, [Attempt(ID, "p", "ns/a")], 1)
    attempts = attempted(attempts, [Attempt(ID, "p")], 2)
    assert attempts == {ID: LastAttempt("p", 2, 2, "ns/a")}
    assert attempted(attempts, [Attempt(ID, "q")], 3) == {ID: LastAttempt("q", 1, 3)}
    assert attempts == {ID: LastAttempt("p", 2, 2, "ns/a")}


def test_tries_are_forgotten() -> None:
    once, twice, undone = LastAttempt("p", 1, 0), LastAttempt("p", 2, 0), LastAttempt("p", 1, 0, "ns/a")
    attempts: Attempts = {FindingId("arn", str(n)): last for n, last in enumerate((once, twice, undone))}
    assert list(remembered(attempts, REMEMBERED_ONCE - 1).values()) == [once, twice, undone]
    assert list(remembered(attempts, REMEMBERED_ONCE).values()) == [twice, undone]
    assert list(remembered(attempts, REMEMBERED - 1).values()) == [twice, undone]
    assert remembered(attempts, REMEMBERED) == {}
    assert remembered(attempts, -REMEMBERED) == {}


def test_a_purpose_is_what_all_its_words_say() -> None:
    assert purpose_of("a", "bc") != purpose_of("ab", "c")
    assert purpose_of("a", "b") == purpose_of("a", "b")
