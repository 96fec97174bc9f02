"""The write-ahead journal on the API server: one `Remediation` for each resource and occurrence.

An entry is made before the first write, and moves from state to state by its resourceVersion: of two writers
one wins. What cannot be read of one counts against a write.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from posture.api.action import RuleAction
from posture.api.conditions import ConditionStatus, find_condition, ready, reconciling, set_condition, stalled
from posture.api.model import Metadata
from posture.api.remediation import COMPLETE, Remediation, RemediationStatus
from posture.api.resource import InvalidObject, parse, read_status
from posture.domain.remediation.journal import Entry, State
from posture.domain.remediation.resources import ResourceKey, resource_key
from posture.domain.time import datetime_of, instant_of, parse_timestamp
from posture.kube.client import KubeClient
from posture.kube.errors import Gone
from posture.kube.resources import REMEDIATIONS, Object, ObjectRef, name_of
from posture.kube.writers import Writers
from posture.remediation.actions.contract import SubWrite
from posture.remediation.actions.registry import builtin_actions

MANAGED_BY = "posture.dev/managed-by"
"""Annotation of an entry: what made the resource, and may set it back."""
RULE_LABEL = "posture.dev/rule"
RESOURCE_LABEL = "posture.dev/resource"
_MANAGED_BY = {"app.kubernetes.io/managed-by": "posture-operator"}
_LABEL_DIGITS = 32
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", re.ASCII)
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


def resource_label(resource: ResourceKey) -> str:
    """Return the value of the label by which all entries for a resource are found."""
    return hashlib.sha256(json.dumps(list(resource)).encode()).hexdigest()[:_LABEL_DIGITS]


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
    stands: str = ""


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


class RemediationJournal:
    """Reads and writes entries. Every method raises KubeError; Moved where somebody else wrote meanwhile."""

    def __init__(self, client: KubeClient, writers: Writers, namespaces: Sequence[str] | None) -> None:
        self._client = client
        self._writers = writers
        self._namespaces = namespaces

    async def entries(self, now: int) -> list[JournalEntry]:
        """Return all entries of all namespaces that are watched; `now`: µs."""
        found = await self._client.list_objects(REMEDIATIONS, self._namespaces)
        return [read_entry(document, now) for document in found]

    async def of_resource(self, resource: ResourceKey, now: int) -> list[JournalEntry]:
        """Return the entries for a resource, of whatever rule and namespace that is watched."""
        selector = f"{RESOURCE_LABEL}={resource_label(resource)}"
        found = await self._client.list_objects(REMEDIATIONS, self._namespaces, label_selector=selector)
        return [read_entry(document, now) for document in found]

    async def others_of(self, entry: JournalEntry, now: int) -> list[JournalEntry]:
        """Return other entries for the same resource that go on, of whatever rule, namespace and hub."""
        found = await self.of_resource(entry.entry.resource, now)
        return [each for each in found if each.uid != entry.uid and each.entry.is_going]

    async def create(
        self, namespace: str, name: str, spec: Mapping[str, Any], now: int, *, managed_by: str = ""
    ) -> JournalEntry:
        """Make an entry without a status; Conflict where there is one of its name.

        `managed_by`: what made the resource, and may set it back.
        """
        resource = spec["resource"]
        key = resource_key(resource["accountId"], resource["region"], resource["type"], resource["id"])
        rule = spec["ruleRef"]["name"]
        labels = {**_MANAGED_BY, RESOURCE_LABEL: resource_label(key)}
        if _LABEL.fullmatch(rule):
            labels[RULE_LABEL] = rule
        metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": labels}
        if managed_by:
            metadata["annotations"] = {MANAGED_BY: managed_by}
        body = {"metadata": metadata, "spec": dict(spec)}
        return read_entry(await self._client.create(REMEDIATIONS, namespace, body), now)

    async def change(
        self, entry: JournalEntry, change: Change, *, within: float | None = None
    ) -> JournalEntry:
        """Move an entry, from just the version that was read; `within`: seconds. Returns it as stored."""
        document = entry.document
        status = changed(entry.status, change, document["metadata"]["generation"])
        written = self._writers.signed(status.to_api())
        version = document["metadata"]["resourceVersion"]
        made = await self._client.patch_status(entry.ref, written, version=version, within=within)
        self._writers.wrote(made)
        return read_entry(made, change.now)

    async def answer(self, entry: JournalEntry) -> None:
        """Note that the run which the annotation of an entry asked for has ended, where that is not noted.

        Nothing is noted in an entry that has no status yet: of one that has it, more is expected.
        """
        document = entry.document
        requested = Metadata.model_validate(document["metadata"]).requested_at
        if requested in {None, entry.status.last_handled_request} or not has_status(document):
            return
        written = self._writers.signed({**document["status"], "lastHandledRequest": requested})
        version = document["metadata"]["resourceVersion"]
        self._writers.wrote(await self._client.patch_status(entry.ref, written, version=version))

    async def remove(self, entries: Iterable[JournalEntry]) -> None:
        """Delete entries, as far as they are still there: in just the versions that were read.

        Whoever has lost the Lease meanwhile would delete what the next holder has written.
        """
        for each in entries:
            try:
                await self._client.delete(each.ref, version=each.document["metadata"]["resourceVersion"])
            except Gone:
                continue
