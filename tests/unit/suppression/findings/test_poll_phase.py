"""When the policies of a hub are acted on: by an exact picture from after the last change, and once."""

import pytest

from posture.suppression.findings.hub import Picture, PollPhase

EXACT, BEFORE = 20, 10


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
    picture = Picture(polled=polled, has_run=has_run, is_newer=is_newer, exact_at=EXACT)
    assert picture.phase(acted_at) is phase
