"""The write-ahead journal on the API server: one `Remediation` for each resource and occurrence.

An entry is made before the first write, and moves from state to state by its resourceVersion: of two writers
one wins.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from posture.api.model import Metadata
from posture.domain.remediation.resources import ResourceKey, resource_key
from posture.kube.client import KubeClient
from posture.kube.errors import Gone
from posture.kube.resources import REMEDIATIONS
from posture.kube.writers import Writers
from posture.remediation.engine.entries import Change, JournalEntry, changed, has_status, read_entry

MANAGED_BY = "posture.dev/managed-by"
"""Annotation of an entry: what made the resource, and may set it back."""
RULE_LABEL = "posture.dev/rule"
RESOURCE_LABEL = "posture.dev/resource"
_MANAGED_BY = {"app.kubernetes.io/managed-by": "posture-operator"}
_LABEL_DIGITS = 32
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", re.ASCII)


def resource_label(resource: ResourceKey) -> str:
    """Return the value of the label by which all entries for a resource are found."""
    return hashlib.sha256(json.dumps(list(resource)).encode()).hexdigest()[:_LABEL_DIGITS]


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
