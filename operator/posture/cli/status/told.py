"""What objects say of themselves, put together: a target, and the policies and rules that are about it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from posture.api.conditions import READY, RECONCILING, STALLED, Condition, ConditionStatus, find_condition
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import CustomResource, read_status
from posture.api.suppression_policy import DRIFTED, EXPIRED, REVIEW_DUE, SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import DECLINING, OVERDUE, PUBLISHED, SCORE_CURRENT, PostureTargetStatus
from posture.kube.resources import Object

_KINDS: Mapping[str, type[CustomResource]] = {
    kind.__name__: kind for kind in (PostureTarget, SuppressionPolicy, RemediationRule)
}
NOT_THERE = "NotThere"
"""The reason of a target that policies or rules name and that is not there."""
_EXPECTED = (READY, SCORE_CURRENT, PUBLISHED)
_ABNORMAL = (STALLED, EXPIRED, REVIEW_DUE, DRIFTED, DECLINING, OVERDUE)


class Told(NamedTuple):
    """One object. `status`: as the API has it. `belonging`: the policies and rules of a target.

    `ready` is empty, and `reason` says why, where no operator has looked at it yet.
    """

    kind: str
    namespace: str
    name: str
    spec: Mapping[str, Any]
    status: Mapping[str, Any]
    ready: str
    reason: str
    message: str
    wrong: tuple[Condition, ...] = ()
    belonging: tuple["Told", ...] = ()

    @property
    def suspended(self) -> bool:
        """Whether it is suspended."""
        return self.spec.get("suspend") is True


def gathered(targets: Sequence[Object], policies: Sequence[Object], rules: Sequence[Object]) -> list[Told]:
    """Put targets and what is about them together, by namespace and name.

    Where only a policy or a rule speaks of a target, the target stands there as one that is `NotThere`.
    """
    belonging: dict[tuple[str, str], list[Told]] = {}
    for document in (*policies, *rules):
        target = (document.get("spec", {}).get("targetRef") or {}).get("name", "")
        told = _told(document)
        belonging.setdefault((told.namespace, target), []).append(told)
    found = {(each.namespace, each.name): each for each in map(_told, targets)}
    for namespace, name in belonging.keys() - found.keys():
        says = "there is no such PostureTarget: create it, or delete what is about it"
        found[namespace, name] = Told("PostureTarget", namespace, name, {}, {}, "", NOT_THERE, says)
    return [
        each._replace(belonging=tuple(sorted(belonging.get(place, ()), key=lambda one: (one.kind, one.name))))
        for place, each in sorted(found.items())
    ]


def is_stalled(told: Told) -> bool:
    """Whether somebody has to do something about an object, or about what belongs to it."""
    return any(each.type == STALLED for each in told.wrong) or any(map(is_stalled, told.belonging))


def told_document(told: Told) -> dict[str, Any]:
    """Return an object as `-o json` prints it, in the API's spelling; null where nothing is known.

    A target: `{namespace, name, suspended, ready, reason, message, wrong[], score, passed, scored, scoreTime,
    unsuppressedScore, standards[], findings, accounts, hub, sync, policies[], rules[]}`; `wrong` has the
    conditions that are not as they should be: `{type, status, reason, message}`.
    """
    return {
        **_head(told),
        **{
            name: told.status.get(name)
            for name in (
                "score", "passed", "scored", "scoreTime", "unsuppressedScore", "standards", "findings",
                "accounts", "hub", "sync",
            )
        },
        "policies": [_policy(each) for each in told.belonging if each.kind == "SuppressionPolicy"],
        "rules": [_rule(each) for each in told.belonging if each.kind == "RemediationRule"],
    }  # fmt: skip


def _policy(told: Told) -> dict[str, Any]:
    numbers = ("matched", "suppressed", "pending", "failed", "drift", "wouldSuppress", "wouldReopen")
    return {
        **_head(told),
        "mode": told.spec.get("mode"),
        "expiresAt": told.spec.get("expiresAt"),
        **{name: told.status.get(name) for name in numbers},
    }


def _rule(told: Told) -> dict[str, Any]:
    numbers = ("candidates", "pending", "succeeded", "failed", "skipped")
    return {**_head(told), "mode": told.spec.get("mode"), **{name: told.status.get(name) for name in numbers}}


def _head(told: Told) -> dict[str, Any]:
    return {
        "namespace": told.namespace,
        "name": told.name,
        "suspended": told.suspended,
        "ready": told.ready or None,
        "reason": told.reason,
        "message": told.message,
        "wrong": [
            {"type": each.type, "status": each.status.value, "reason": each.reason, "message": each.message}
            for each in told.wrong
        ],
    }


def _told(document: Object) -> Told:
    """Read one object as far as its status can be believed."""
    metadata, kind = document["metadata"], _KINDS[document["kind"]]
    status = read_status(kind.status_model(), document)
    head = (kind.__name__, metadata["namespace"], metadata["name"])
    shown = status.to_api() if isinstance(status, PostureTargetStatus) else document.get("status") or {}
    spec = document.get("spec") or {}
    ready = find_condition(status.conditions, READY)
    if ready is None:
        says = "no operator has looked at it yet: is one running that watches this namespace?"
        return Told(*head, spec, shown, "", "NotSeen", says)
    if status.observed_generation < metadata.get("generation", 0):
        says = "the operator has not looked at this version of it yet"
        return Told(*head, spec, shown, ConditionStatus.UNKNOWN.value, "Outdated", says)
    wrong = tuple(each for each in status.conditions if _is_wrong(each, status.conditions))
    return Told(*head, spec, shown, ready.status.value, ready.reason, ready.message, wrong)


def _is_wrong(condition: Condition, conditions: Sequence[Condition]) -> bool:
    """Whether a condition tells of something that is not as it should be, and that no other one tells of."""
    if condition.type == READY:
        # Stalled says the same again, and more; work that goes on is nothing wrong.
        others = (find_condition(conditions, kind) for kind in (STALLED, RECONCILING))
        if any(each is not None and each.status is ConditionStatus.TRUE for each in others):
            return False
    if condition.type in _EXPECTED:
        return condition.status is ConditionStatus.FALSE
    return condition.type in _ABNORMAL and condition.status is ConditionStatus.TRUE
