"""One is told of as one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from posture.api.conditions import find_condition
from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.domain.exceptions.policy import Phase
from posture.domain.findings import FindingId
from posture.suppression.controls.progress import ControlsProgress
from posture.suppression.leaving import Deletion
from posture.suppression.status import policy_status
from posture.suppression.wording import CONTROLS
from tests.support.policies import NOW, OUTCOME, REFUSAL, case, declared, progress


def _full(number: int) -> dict[str, Any]:
    return {"full": (FindingId("arn", "f-1"),) * number}


@pytest.mark.parametrize(
    ("change", "one", "two"),
    [
        (lambda n: {"suppressed": n}, "1 finding is suppressed until", "2 findings are suppressed until"),
        (lambda n: {"matched": n, "over": True}, "1 finding matches, which", "2 findings match, which"),
        (_full, "1 finding has too many", "2 findings have too many"),
        (lambda n: {"held": n}, "1 finding is still to be updated", "2 findings are still to be updated"),
        (lambda n: {"forbidden": n}, "1 finding matches in accounts", "2 findings match in accounts"),
        (lambda n: {"refusals": (REFUSAL,) * n}, "refused 1 write, such", "refused 2 writes, such"),
        (
            lambda n: {"would_suppress": n, "phase": Phase.FROZEN},
            "would suppress 1 finding and reopen 0.",
            "would suppress 2 findings and reopen 0.",
        ),
    ],
)
def test_a_policy_for_findings(change: Callable[[int], dict[str, Any]], one: str, two: str) -> None:
    for number, words in ((1, one), (2, two)):
        of = case(how=progress(**change(number)))
        ready = find_condition(policy_status(SuppressionPolicyStatus(), of, None).conditions, "Ready")
        assert ready is not None
        assert words in ready.message


def test_drift_and_what_is_left() -> None:
    for number, undone, left in (
        (1, "1 suppression was undone; it is made again", "1 finding is still to be reopened"),
        (2, "2 suppressions were undone; they are made again", "2 findings are still to be reopened"),
    ):
        over = declared(expiresAt="2026-11-01T00:00:00Z")
        of = case(over, progress(drift=number, marked=number))
        told = policy_status(SuppressionPolicyStatus(), of, None).conditions
        drifted, ready = find_condition(told, "Drifted"), find_condition(told, "Ready")
        assert drifted is not None
        assert ready is not None
        assert undone in drifted.message
        assert left in ready.message
        assert left.partition(" is")[0].partition(" are")[0] + " could not be" in Deletion(of).left


@pytest.mark.parametrize(("number", "words"), [(1, "1 control is"), (2, "2 controls are")])
def test_a_policy_for_controls(number: int, words: str) -> None:
    off = ControlsProgress(OUTCOME._replace(suppressed=number), 0, 0, (), None, NOW)
    of = case()._replace(last_matched=NOW)
    terms = of.declared.terms
    assert terms is not None
    assert off.in_effect(of, terms).message.startswith(f"{words} off until")
    assert replace(off, held=number).in_effect(of, terms).message.startswith(f"{words} still to be")
    assert CONTROLS.counted(number) == words.rpartition(" ")[0]
