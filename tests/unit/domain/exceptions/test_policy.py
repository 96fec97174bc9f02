from dataclasses import replace
from typing import Any

import pytest

from posture.domain.exceptions.policy import Phase, Terms, is_active, is_too_long, namespace_of, phase
from posture.domain.grants import Mode

NOW, END, LONGEST = 1_000, 2_000, 5_000
TERMS = Terms("security/a", "Because it is so for now", "me", expires_at=END, created_at=0)


def phase_of(now: int = NOW, *, stalled: bool = False, **changes: Any) -> Phase:
    return phase(replace(TERMS, **changes), now, longest=LONGEST, stalled=stalled)


def test_a_policy_is_active_until_its_end() -> None:
    assert is_active(TERMS, END - 1)
    assert not is_active(TERMS, END)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Phase.ENFORCING),
        ({"suspended": True}, Phase.FROZEN),
        ({"mode": Mode.DRY_RUN}, Phase.FROZEN),
        ({"expires_at": NOW + LONGEST}, Phase.ENFORCING),
        ({"expires_at": NOW + LONGEST + 1}, Phase.FROZEN),
        ({"deleted_at": NOW}, Phase.DELETED),
        ({"deleted_at": NOW, "suspended": True, "mode": Mode.DRY_RUN}, Phase.DELETED),
        ({"deleted_at": NOW, "retain": True, "suspended": True}, Phase.RETAINED),
        ({"retain": True}, Phase.ENFORCING),
    ],
)
def test_phases_before_the_end(changes: dict[str, Any], expected: Phase) -> None:
    assert phase_of(**changes) is expected


def test_what_is_stalled_is_frozen_but_ends() -> None:
    assert phase_of(stalled=True) is Phase.FROZEN
    assert phase_of(END, stalled=True) is Phase.EXPIRED
    assert phase_of(stalled=True, deleted_at=NOW) is Phase.DELETED


@pytest.mark.parametrize(
    "changes", [{}, {"suspended": True}, {"mode": Mode.DRY_RUN}, {"retain": True}, {"deleted_at": END + 1}]
)
def test_every_policy_expires(changes: dict[str, Any]) -> None:
    assert phase_of(END + 1, **changes) is Phase.EXPIRED


def test_what_was_retained_before_the_end_is_retained_however_late() -> None:
    assert phase_of(END + 9, retain=True, deleted_at=END - 1) is Phase.RETAINED
    assert phase_of(END + 9, retain=True, deleted_at=END) is Phase.EXPIRED


def test_too_long_is_counted_from_now() -> None:
    assert is_too_long(TERMS, END - 101, 100)
    assert not is_too_long(TERMS, END - 100, 100)


def test_the_namespace_of_a_name() -> None:
    assert TERMS.namespace == "security"
    assert namespace_of("nowhere") == ""
