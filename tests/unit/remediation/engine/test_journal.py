"""What an entry of the journal says before and after somebody has written its status."""

from typing import Any

import pytest

from posture.api.remediation import Remediation
from posture.domain.remediation.journal import State
from posture.remediation.engine.entries import has_status, read_entry
from tests.support.api.objects import minimal, whole

NOW = 1_700_000_000_000_000


def entry(**status: Any) -> dict[str, Any]:
    document = whole(Remediation, minimal(Remediation))
    document["metadata"] |= {
        "uid": "7",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": "2026-11-29T12:00:00Z",
    }
    return {**document, **status}


@pytest.mark.parametrize("status", [{}, {"status": {}}, {"status": {"observedGeneration": -1}}])
def test_an_entry_is_not_begun_by_what_the_api_server_adds(status: dict[str, Any]) -> None:
    """A crash between making an entry and its first status leaves one for which nothing was written."""
    document = entry(**status)
    assert not has_status(document)
    read = read_entry(document, NOW).entry
    assert (read.state, read.attempts, read.stored) == (State.RUNNING, 0, False)


@pytest.mark.parametrize(
    "status", [None, "x", {"observedGeneration": 1}, {"observedGeneration": -1, "attempts": 1}]
)
def test_whatever_else_it_says_is_not_taken_for_nothing(status: object) -> None:
    document = entry(status=status)
    assert has_status(document)
    assert read_entry(document, NOW).entry.state is None
