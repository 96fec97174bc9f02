"""An entry of the journal as it is read, and what a change makes of its status.

What cannot be read of one counts against a write.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from posture.api.action import RuleAction
from posture.api.conditions import ConditionStatus, find_condition, ready, reconciling, set_condition, stalled
from posture.api.reasons.words import Named
from posture.api.remediation import COMPLETE, Remediation, RemediationStatus
from posture.api.resource import InvalidObject, parse, read_status
from posture.domain.remediation.journal import Entry, State
from posture.domain.remediation.resources import ResourceKey, resource_key
from posture.domain.time import datetime_of, instant_of, parse_timestamp
from posture.kube.resources import REMEDIATIONS, Object, ObjectRef, name_of
from posture.remediation.actions.contract import SubWrite
from posture.remediation.actions.registry import builtin_actions

_WRITES = "writes"
_UNWRITTEN: tuple[Object, ...] = ({}, {"observedGeneration": -1})
_NOWHERE = ResourceKey("", "", "", "", "")
_NOW_UNKNOWN = 0
_GOING = frozenset({State.RUNNING, State.UNDOING, State.AWAITING_APPROVAL})


class JournalEntry(NamedTuple):
    """A `Remediation` as it was read. `remediation`: None where its spec cannot be read.

    `subs`: what its status says was to be written, with the state before: in the order of writing.
    """

    document: Object
    entry: Entry
    remediation: Remediation | None
    subs: tuple[SubWrite, ...] = ()

    @property
    def name(self) -> str:
        """Give it as namespace/name."""
        return name_of(self.document)

    @property
    def uid(self) -> str:
        """Give the uid of its object."""
        return str(self.document["metadata"]["uid"])

    @property
    def ref(self) -> ObjectRef:
        """Give the reference of its object."""
        return ObjectRef.of(REMEDIATIONS, self.document)

    @property
    def target(self) -> str:
        """Give its target as namespace/name."""
        target = self.document.get("spec", {}).get("targetRef", {}).get("name", "")
        return f"{self.document['metadata']['namespace']}/{target}"

    @property
    def action(self) -> str:
        """Give the name of what it does; empty where that cannot be read."""
        if self.remediation is None:
            return ""
        action = self.remediation.spec.action
        if action.builtin is not None:
            return action.builtin.name
        return "" if action.ssm_automation is None else action.ssm_automation.document

    @property
    def is_verified(self) -> bool:
        """Say whether the live resource was seen to be right after it; of a document's run not all can be."""
        if self.remediation is None or self.remediation.spec.action.ssm_automation is None:
            return True
        return (self.status.after or {}).get("verified") is True

    @property
    def status(self) -> RemediationStatus:
        """Give its status, as far as it can be read."""
        return read_status(RemediationStatus, self.document)


def read_entry(document: Object, now: int = _NOW_UNKNOWN) -> JournalEntry:
    """Read a journal entry. `now`: µs; a moment after it was none."""
    moment = datetime_of(now) if now else None
    status = read_status(RemediationStatus, document, moment)
    subs = _subs(status.before)
    try:
        remediation: Remediation | None = parse(Remediation, document)
    except InvalidObject:
        remediation = None
    entry = _entry(document, status, remediation, subs)
    return JournalEntry(document, entry, remediation, subs or ())


def _entry(
    document: Object,
    status: RemediationStatus,
    remediation: Remediation | None,
    subs: tuple[SubWrite, ...] | None,
) -> Entry:
    metadata, spec = document["metadata"], document.get("spec") or {}
    namespace = metadata["namespace"]
    common: dict[str, Any] = {
        "name": metadata["name"],
        "created_at": parse_timestamp(metadata["creationTimestamp"]),
        "undo": spec.get("undo") is True,
    }
    if remediation is None:
        rule, resource = spec.get("ruleRef") or {}, spec.get("resource") or {}
        return Entry(
            rule=f"{namespace}/{rule.get('name', '')}",
            resource=_legible_key(resource),
            state=None,
            plan_hash="",
            attempts=None,
            writes=None,
            **common,
        )
    said = remediation.spec
    begun = has_status(document)
    return Entry(
        rule=f"{namespace}/{said.rule_ref.name}",
        resource=resource_key(
            said.resource.account_id, said.resource.region, said.resource.type, said.resource.id
        ),
        # Who dies between making an entry and its first status leaves one that says nothing: nothing was
        # written for it.
        state=_state(status) if begun else State.RUNNING,
        plan_hash=said.plan_hash,
        rule_digest=said.rule_ref.digest,
        started_at=_instant(status.started_at),
        finished_at=_instant(status.finished_at),
        attempts=status.attempts if begun else 0,
        writes=max(len(said.writes), len(subs or ()), 1),
        stored=subs is not None,
        restores=subs is not None and _can_restore(said.action),
        approved="" if said.approval is None else said.approval.plan_hash,
        **common,
    )


def has_status(document: Object) -> bool:
    """Whether anybody has written a status: the API server adds a default to one that is made without."""
    return document.get("status", {}) not in _UNWRITTEN


def _legible_key(resource: Mapping[str, Any]) -> ResourceKey:
    try:
        return resource_key(
            str(resource["accountId"]), str(resource["region"]), str(resource["type"]), str(resource["id"])
        )
    except (KeyError, ValueError):
        return _NOWHERE


def _state(status: RemediationStatus) -> State | None:
    condition = find_condition(status.conditions, COMPLETE)
    try:
        return None if condition is None else State(condition.reason)
    except ValueError:
        return None


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else instant_of(moment)


def _subs(before: Mapping[str, Any] | None) -> tuple[SubWrite, ...] | None:
    """Return the sub-writes that a status has; None where it has none that can be read."""
    if before is None or not isinstance(before.get(_WRITES), list):
        return None
    try:
        return tuple(SubWrite(**each) for each in before[_WRITES])
    except TypeError:
        return None


def _can_restore(action: RuleAction) -> bool:
    if action.ssm_automation is not None:
        return action.ssm_automation.undo_document is not None
    return action.builtin is not None and action.builtin.name in builtin_actions()


def stored(subs: Sequence[SubWrite]) -> dict[str, Any]:
    """Return the state before as the status keeps it."""
    return {_WRITES: [each.to_json() for each in subs]}


class Change(NamedTuple):
    """What becomes of an entry: its state, what people are told, and fields of its status that change.

    `stands`: a person must decide something; it stays in its state.
    """

    state: State
    message: str
    now: int
    fields: Mapping[str, Any] = {}
    stands: Named | None = None


def changed(before: RemediationStatus, change: Change, generation: int) -> RemediationStatus:
    """Return the status after a change."""
    now = datetime_of(change.now)
    finished = change.state not in _GOING
    conditions = set_condition(
        before.conditions,
        COMPLETE,
        ConditionStatus.of(finished),
        change.state,
        change.message,
        now,
        generation,
    )
    if change.stands:
        conditions = stalled(conditions, change.stands, change.message, now, generation)
    elif change.state is State.FAILED:
        conditions = stalled(conditions, change.state, change.message, now, generation)
    elif finished:
        conditions = ready(conditions, change.state, change.message, now, generation)
    else:
        conditions = reconciling(conditions, change.state, change.message, now, generation)
    return before.model_copy(
        update={"observed_generation": generation, "conditions": conditions, **change.fields}
    )
