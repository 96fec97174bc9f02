"""One entry of the journal as people read it: a row, a document, a plan in words."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from posture.api.conditions import find_condition
from posture.api.remediation import COMPLETE, Remediation
from posture.api.resource import InvalidObject, parse
from posture.kube.resources import REMEDIATIONS, Object, ObjectRef
from posture.remediation.actions.registry import builtin_actions

UNREADABLE = "Unreadable"
_MOST = 160
"""Characters that are shown of a value."""


class ShownEntry(NamedTuple):
    """An object, what could be read of it, and if that is nothing, why. `state`: empty before it has one."""

    document: Object
    remediation: Remediation | None
    trouble: str = ""

    @property
    def name(self) -> str:
        """Its name, without the namespace."""
        return str(self.document["metadata"]["name"])

    @property
    def ref(self) -> ObjectRef:
        """This object and no other of its name."""
        return ObjectRef.of(REMEDIATIONS, self.document)

    @property
    def state(self) -> str:
        """How far it is."""
        if self.remediation is None:
            return UNREADABLE
        condition = find_condition(self.remediation.status.conditions, COMPLETE)
        return condition.reason if condition else ""

    @property
    def message(self) -> str:
        """What the operator says of it."""
        if self.remediation is None:
            return self.trouble
        condition = find_condition(self.remediation.status.conditions, COMPLETE)
        return condition.message if condition else ""


def read(document: Object) -> ShownEntry:
    """Read an object as the API server gave it."""
    try:
        return ShownEntry(document, parse(Remediation, document))
    except InvalidObject as error:
        return ShownEntry(document, None, str(error))


def action_name(remediation: Remediation) -> str:
    """Return the name of the builtin action or of the SSM document."""
    action = remediation.spec.action
    if action.builtin is not None:
        return action.builtin.name
    return action.ssm_automation.document if action.ssm_automation is not None else ""


def document_of(entry: ShownEntry) -> dict[str, Any]:
    """Return an entry as `-o json` prints it: flat, in the API's spelling, null where nothing is known."""
    metadata = entry.document["metadata"]
    head = {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "state": entry.state,
        "message": entry.message,
        "createdAt": metadata.get("creationTimestamp"),
    }
    if entry.remediation is None:
        return head
    spec = entry.document["spec"]
    status = entry.document.get("status") or {}
    resource, approval = spec["resource"], spec.get("approval") or {}
    return {
        **head,
        "rule": spec["ruleRef"]["name"],
        "target": spec["targetRef"]["name"],
        "action": action_name(entry.remediation),
        "parameters": _parameters(spec["action"]),
        "account": resource["accountId"],
        "region": resource["region"],
        "resourceType": resource["type"],
        "resource": resource["id"],
        "roleName": spec.get("roleName"),
        "findings": spec.get("findings") or [spec["finding"]],
        "writes": spec.get("writes") or [],
        "planHash": spec["planHash"],
        "approvedBy": approval.get("by"),
        "undo": spec.get("undo", False),
        **{
            name: status.get(name)
            for name in ("startedAt", "finishedAt", "attempts", "resolvedAt", "revertedAt", "before", "after")
        },
    }


def _parameters(action: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the action's own
    chosen = action.get("builtin") or action.get("ssmAutomation") or {}
    return chosen.get("parameters") or {}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _controls(findings: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(dict.fromkeys(each["control"] for each in findings if each.get("control")))


_Cell = Callable[[Mapping[str, Any]], str]
COLUMNS: dict[str, _Cell] = {
    "NAMESPACE": lambda each: _text(each["namespace"]),
    "NAME": lambda each: _text(each["name"]),
    "RULE": lambda each: _text(each.get("rule")),
    "ACTION": lambda each: _text(each.get("action")),
    "ACCOUNT": lambda each: _text(each.get("account")),
    "REGION": lambda each: _text(each.get("region")),
    "RESOURCE": lambda each: _text(each.get("resource")),
    "STATE": lambda each: _text(each["state"]),
    "CREATED": lambda each: _text(each["createdAt"]),
}
WIDE: dict[str, _Cell] = {
    **COLUMNS,
    "TARGET": lambda each: _text(each.get("target")),
    "CONTROLS": lambda each: _controls(each.get("findings", ())),
    "WRITES": lambda each: str(len(each.get("writes", ()))),
    "APPROVED BY": lambda each: _text(each.get("approvedBy")),
    "STARTED": lambda each: _text(each.get("startedAt")),
    "FINISHED": lambda each: _text(each.get("finishedAt")),
    "PLAN HASH": lambda each: _text(each.get("planHash")),
    "MESSAGE": lambda each: _text(each["message"]),
}


def plan_in_words(remediation: Remediation) -> str:
    """Say what an entry is about and what it writes, a line each."""
    spec = remediation.spec
    resource = spec.resource
    lines = [
        ("Remediation", f"{remediation.metadata.namespace}/{remediation.metadata.name}"),
        ("Rule", spec.rule_ref.name),
        ("Action", action_name(remediation)),
        ("Resource", f"{resource.type} {resource.id}"),
        ("Account", f"{resource.account_id} in {resource.region}, as role {spec.role_name}"),
    ]
    findings = [f"{each.control} {each.id}".strip() for each in spec.findings or (spec.finding,)]
    writes = [f"{each.name}: {each.summary}" if each.summary else each.name for each in spec.writes]
    lines += _under("Findings", findings)
    lines += _under("Writes", writes or ["what the action finds wrong"])
    lines.append(("Plan hash", spec.plan_hash))
    return _aligned(lines)


def restored_by(remediation: Remediation) -> str:
    """Say what an undo of an entry restores: of each thing that was written, what is put back."""
    is_a_run = remediation.spec.action.ssm_automation is not None
    differences = [] if is_a_run else _differences(remediation.status.before or {})
    return _aligned(_under("Restores", [_undo_says(remediation), *differences]))


def _undo_says(remediation: Remediation) -> str:
    builtin = remediation.spec.action.builtin
    if builtin is None:
        automation = remediation.spec.action.ssm_automation
        undo = automation.undo_document if automation is not None else None
        return f"what document {undo.document} puts back" if undo is not None else "nothing"
    action = builtin_actions().get(builtin.name)
    return action.undo_says if action is not None else "what was before"


def _differences(before: Mapping[str, Any]) -> list[str]:
    """Tell a journalled state write by write, or as it is where it has another shape."""
    writes = before.get("writes")
    if not isinstance(writes, Sequence) or not all(isinstance(each, Mapping) for each in writes):
        return [_shown(before)] if before else []
    return [
        f"{each.get('name', '?')}: {_shown(each.get('after'))} becomes {_shown(each.get('before'))} again"
        for each in writes
    ]


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def _under(heading: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(heading if place == 0 else "", text) for place, text in enumerate(texts)]


def _aligned(lines: Sequence[tuple[str, str]]) -> str:
    width = max(len(heading) for heading, _ in lines)
    return "".join(f"{heading.ljust(width)}   {text}".rstrip() + "\n" for heading, text in lines)
