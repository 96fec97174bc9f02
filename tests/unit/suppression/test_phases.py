"""When policies are acted on: findings by an exact picture and once, controls by a new reading."""

import pytest

from posture.suppression.phases import LastReading, PollPhase, PollPicture, ReadingPhase

EXACT, BEFORE = 20, 10
READ_AT, INTERVAL, APART = 1000, 300, 30


@pytest.mark.parametrize(
    ("polled", "has_run", "is_newer", "acted_at", "phase"),
    [
        (False, False, False, None, PollPhase.STANDING_BY),
        # What is known may be exact still when the store closes.
        (False, True, True, None, PollPhase.STANDING_BY),
        (False, True, True, EXACT, PollPhase.STANDING_BY),
        (True, False, False, None, PollPhase.ASKED),
        (True, False, False, EXACT, PollPhase.ASKED),
        # The poll failed, was broken off, or withheld what it read.
        (True, True, False, None, PollPhase.WAITING),
        (True, True, False, BEFORE, PollPhase.WAITING),
        (True, True, True, None, PollPhase.DUE),
        (True, True, True, BEFORE, PollPhase.DUE),
        # A poll publishes before it ends.
        (True, False, True, None, PollPhase.DUE),
        (True, True, True, EXACT, PollPhase.ACTED),
        (True, False, True, EXACT, PollPhase.ACTED),
    ],
)
def test_a_picture_is_acted_on_once_and_only_a_new_one(
    *, polled: bool, has_run: bool, is_newer: bool, acted_at: int | None, phase: PollPhase
) -> None:
    picture = PollPicture(polled=polled, has_run=has_run, is_newer=is_newer, exact_at=EXACT)
    assert picture.phase(acted_at) is phase


@pytest.mark.parametrize(
    ("reading", "after", "phase"),
    [
        (LastReading(None, is_of_declared=True, is_as_asked=True), 0, ReadingPhase.DUE),
        (LastReading(READ_AT, is_of_declared=False, is_as_asked=True), 0, ReadingPhase.DUE),
        (LastReading(READ_AT, is_of_declared=True, is_as_asked=True), 0, ReadingPhase.READ),
        (LastReading(READ_AT, is_of_declared=True, is_as_asked=True), INTERVAL - 1, ReadingPhase.READ),
        (LastReading(READ_AT, is_of_declared=True, is_as_asked=True), INTERVAL, ReadingPhase.DUE),
        # The clock was set back.
        (LastReading(READ_AT, is_of_declared=True, is_as_asked=True), -1, ReadingPhase.DUE),
        # Others share the quota: a request waits for its turn.
        (LastReading(READ_AT, is_of_declared=True, is_as_asked=False), APART - 1, ReadingPhase.READ),
        (LastReading(READ_AT, is_of_declared=True, is_as_asked=False), APART, ReadingPhase.DUE),
    ],
)
def test_controls_are_read_again_when_the_reading_is_not_for_this_or_too_old(
    reading: LastReading, after: int, phase: ReadingPhase
) -> None:
    assert reading.phase(READ_AT + after, interval=INTERVAL, apart=APART) is phase
