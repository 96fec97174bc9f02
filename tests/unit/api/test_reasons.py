"""The registry of reasons: it has all that the operator says, and nothing that it does not."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import pytest

import posture
from posture.api.conditions import Condition, ConditionStatus, ReadySummary, Trouble, set_condition, stalled
from posture.api.crds import KINDS
from posture.api.reasons.meaning import ConditionTold
from posture.api.reasons.registry import KINDS_TOLD, NAMED, SUMMARIES, is_registered
from posture.api.reasons.words import ConditionType, ReasonWord
from posture.api.targets.status import PostureTargetStatus
from posture.domain.remediation.journal import State
from posture.kube.events import EventRecorder
from posture.kube.leadership import always
from posture.publish.sending import Undelivered
from posture.reconcile.reporter import ReportedKind, Reporter
from posture.remediation.reporting import _KIND as RULES
from posture.suppression.reporting import _KIND as POLICIES
from posture.targets.conditions import Message
from posture.targets.target import _KIND as TARGETS

_ROOT = Path(posture.__file__).parent
_REGISTRY = _ROOT / "api" / "reasons"


def _conditions() -> list[ConditionTold]:
    return [condition for told in KINDS_TOLD for condition in told.conditions]


def _registered() -> set[str]:
    conditions = {str(r) for each in _conditions() for reasons in each.by_status().values() for r in reasons}
    return conditions | {str(reason) for told in KINDS_TOLD for reason in told.events}


def test_every_word_has_a_meaning_and_every_meaning_a_word() -> None:
    registered = _registered()
    assert not NAMED - registered, "in words.py, and of no kind"
    assert not registered - NAMED - set(State) - {"NotSupported", "PolicyUnreadable"}, (
        "of a kind, and not in words.py"
    )
    assert set(State) <= registered


def test_every_kind_and_every_type_of_condition_is_told() -> None:
    assert [told.kind for told in KINDS_TOLD] == [kind.__name__ for kind in KINDS]
    assert {each.type for each in _conditions()} | SUMMARIES == set(get_args(ConditionType))


def test_no_word_is_left_that_the_operator_does_not_say() -> None:
    said = set[str]()
    for path in _ROOT.rglob("*.py"):
        if _REGISTRY not in path.parents:
            tree = ast.parse(path.read_text("utf-8"))
            said |= {str(each.value) for each in ast.walk(tree) if isinstance(each, ast.Constant)}
    assert not NAMED - said


@pytest.mark.parametrize(
    "takes",
    [set_condition, stalled, Trouble, ReadySummary, Message, EventRecorder.post, Undelivered.__init__],
)
def test_whatever_takes_a_reason_takes_words_of_the_registry_only(takes: Any) -> None:
    # The rest is the type checker's.
    assert get_type_hints(takes)["reason"] == ReasonWord


@pytest.mark.parametrize(("kind", "told"), list(zip((TARGETS, POLICIES, RULES), KINDS_TOLD, strict=False)))
def test_events_are_posted_of_the_conditions_of_which_it_is_told(kind: ReportedKind[Any], told: Any) -> None:
    assert told.kind == kind.resource.kind
    bad = {each.type: each.told for each in told.conditions if each.told is not None}
    assert bad == {name: status.value for name, status in kind.bad.items()}


@pytest.mark.parametrize(
    ("kind", "condition", "status", "reason"),
    [
        ("PostureTarget", "Ready", "False", "InEffect"),
        ("PostureTarget", "Ready", "True", "InvalidSpec"),
        ("PostureTarget", "Hearing", "False", "InvalidSpec"),
        ("PostureTarget", "Stalled", "True", "Nonsense"),
        ("ConfigMap", "Ready", "True", "Exact"),
    ],
)
def test_what_is_not_registered_is_not_taken_for_it(
    kind: str, condition: str, status: str, reason: str
) -> None:
    assert not is_registered(kind, condition, status, reason)


async def test_a_test_cannot_have_a_status_written_that_says_anything_else() -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    invented = Condition(
        type="Ready", status=ConditionStatus.TRUE, reason="Splendid", last_transition_time=now
    )
    said = PostureTargetStatus(conditions=(invented,))
    recorder: Any = SimpleNamespace(_kind=TARGETS)
    with pytest.raises(AssertionError, match="PostureTarget: Ready: True: Splendid"):
        await Reporter.write(recorder, {}, PostureTargetStatus(), said, always, within=1.0)
