"""What `posture status` makes of objects: what is wrong, what belongs together, how it is drawn."""

from typing import Any

import pytest
from hypothesis import given

from posture.api.conditions import ConditionStatus, ready, reconciling, set_condition, stalled
from posture.api.reasons.words import ConditionType
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import CustomResource
from posture.api.suppression_policy import REVIEW_DUE, SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import PUBLISHED, SCORE_CURRENT
from posture.cli.status.told import Told, gathered, is_stalled, told_document
from posture.cli.status.tree import Node, drawn, node_of
from tests.support.api.objects import Object, minimal, whole
from tests.support.api.spoilt import spoilt
from tests.support.api.statuses import NOW, STATUSES
from tests.support.examples import examples


def stored(kind: type[CustomResource], name: str, conditions: Any = (), **status: Any) -> Object:
    document = whole(kind, minimal(kind), name, "security")
    document["metadata"] |= {"generation": 2}
    told = [each.to_api() for each in conditions]
    return {**document, "status": {"observedGeneration": 2, "conditions": told, **status}}


READY = ready((), "SecurityHubAnswers", "All is well.", NOW, 2)
STUCK = stalled((), "NotGranted", "Add this to grants.", NOW, 2)


def alone(document: Object) -> Told:
    (told,) = gathered([document], [], [])
    return told


def test_what_belongs_to_a_target_stands_below_it() -> None:
    target = stored(PostureTarget, "organization", READY)
    policies = [stored(SuppressionPolicy, name, READY) for name in ("b", "a")]
    rule = stored(RemediationRule, "c", READY)
    elsewhere = stored(SuppressionPolicy, "d", READY)
    elsewhere["metadata"]["namespace"] = "payments"
    told = gathered([target], [*policies, elsewhere], [rule])
    assert [(each.namespace, each.name, each.reason) for each in told] == [
        ("payments", "organization", "NotThere"),
        ("security", "organization", "SecurityHubAnswers"),
    ]
    assert [each.name for each in told[1].belonging] == ["c", "a", "b"]
    document = told_document(told[1])
    assert [each["name"] for each in document["policies"]] == ["a", "b"]
    assert [each["name"] for each in document["rules"]] == ["c"]


def test_what_is_stalled_is_told_once_and_counts_for_whatever_it_belongs_to() -> None:
    target = stored(PostureTarget, "organization", READY)
    policy = stored(SuppressionPolicy, "logs", STUCK)
    (told,) = gathered([target], [policy], [])
    assert told.wrong == ()
    assert [each.type for each in told.belonging[0].wrong] == ["Stalled"]
    assert is_stalled(told)
    assert not is_stalled(alone(target))
    assert is_stalled(alone(stored(PostureTarget, "organization", STUCK)))


@pytest.mark.parametrize(
    ("condition", "status", "wrong"),
    [
        (SCORE_CURRENT, ConditionStatus.FALSE, True),
        (SCORE_CURRENT, ConditionStatus.TRUE, False),
        (SCORE_CURRENT, ConditionStatus.UNKNOWN, False),
        (PUBLISHED, ConditionStatus.FALSE, True),
        (PUBLISHED, ConditionStatus.UNKNOWN, False),
        (REVIEW_DUE, ConditionStatus.TRUE, True),
        (REVIEW_DUE, ConditionStatus.FALSE, False),
    ],
)
def test_a_condition_is_wrong_by_what_it_is_about(
    condition: ConditionType, status: ConditionStatus, wrong: bool
) -> None:
    conditions = set_condition(READY, condition, status, "Syncing", "Do this.", NOW, 2)
    told = alone(stored(PostureTarget, "organization", conditions))
    assert [each.type for each in told.wrong] == ([condition] if wrong else [])
    assert not is_stalled(told)


def test_work_that_goes_on_is_nothing_wrong() -> None:
    told = alone(stored(PostureTarget, "a", reconciling((), "Syncing", "40 % are read.", NOW, 2)))
    assert (told.wrong, told.ready) == ((), "False")
    assert "40 % are read." in drawn([node_of(told)])


def test_what_no_operator_has_looked_at_is_not_passed_off_as_anything() -> None:
    unseen = whole(PostureTarget, minimal(PostureTarget), "a", "security")
    outdated = stored(PostureTarget, "b", STUCK)
    outdated["metadata"]["generation"] = 3
    assert [(each.ready, each.reason) for each in map(alone, (unseen, outdated))] == [
        ("", "NotSeen"),
        ("Unknown", "Outdated"),
    ]
    assert not is_stalled(alone(outdated)), "what it says is of an earlier version"
    assert "is one running" in drawn([node_of(alone(unseen))])


def test_a_whole_status_is_drawn_and_printed() -> None:
    full = STATUSES[PostureTarget].to_api()
    document = {**whole(PostureTarget, minimal(PostureTarget), "organization", "security"), "status": full}
    document["metadata"] |= {"generation": full["observedGeneration"]}
    told = alone(document)
    printed = told_document(told)
    assert printed["score"] == full["score"]
    assert printed["standards"] == full["standards"]
    text = drawn([node_of(told)])
    assert f"score {full['score']} %, {full['passed']} of {full['scored']} controls passed" in text
    assert f"Security Hub of {full['hub']['account']} in {full['hub']['region']}" in text
    assert f"{full['findings']['failed']['total']} failed finding" in text


@given(spoilt())
@examples(100)
def test_whatever_a_status_says_something_is_printed(case: tuple[type[CustomResource], Object]) -> None:
    kind, status = case
    if kind not in {PostureTarget, SuppressionPolicy, RemediationRule}:
        return
    document = {**whole(kind, minimal(kind), "a", "security"), "status": status}
    document["metadata"] |= {"generation": 1}
    lists: dict[type[CustomResource], list[Object]] = {
        PostureTarget: [], SuppressionPolicy: [], RemediationRule: []
    }  # fmt: skip
    lists[kind].append(document)
    (told,) = gathered(lists[PostureTarget], lists[SuppressionPolicy], lists[RemediationRule])
    assert told_document(told)["name"]
    assert drawn([node_of(told)])


def test_a_tree_is_drawn_with_its_branches_and_nothing_acts_on_a_terminal() -> None:
    tree = Node("a", (Node("b", (Node("c\nd"), Node("\x1b[31m"))), Node("e", (Node("f"),))))
    assert drawn([tree, Node("g")]).splitlines() == [
        "a", "├─ b", "│  ├─ c d", "│  └─ \\x1b[31m", "└─ e", "   └─ f", "", "g",
    ]  # fmt: skip
