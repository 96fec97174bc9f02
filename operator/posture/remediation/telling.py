"""What outputs are told of remediations: how each entry of the journal is, as a small object.

It is told by what is listed, not by what is written: whoever dies after a write to the journal finds the
entry in the next listing, and tells it then.
"""

from collections.abc import Collection, Mapping

import msgspec

from posture.api.remediation import Remediation
from posture.api.resource import InvalidObject, parse
from posture.domain.outbox import EventKind, StatedChange
from posture.domain.time import instant_of
from posture.hubs.hub import Hub
from posture.kube.resources import Object
from posture.sources.findings_view import FindingsView

_COMPLETE = "Complete"


class RemediationTelling:
    """Tells the remediations of one hub, each when it is in another state than before."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: dict[str, str] = {}

    async def tell(self, remediations: Collection[Object], now: int) -> None:
        """Put what is new of these into the hub's outbox. Raises StoreError."""
        versions = {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in remediations}
        if versions == self._told:
            return
        statements = [
            statement
            for each in remediations
            if self._told.get(each["metadata"]["uid"]) != each["metadata"]["resourceVersion"]
            and (statement := statement_of(each, now)) is not None
        ]

        def state(findings: FindingsView) -> int:
            return findings.outbox.state(statements, now)

        if await self._hub.look(state) is not None:
            self._told = versions


def statement_of(document: Object, now: int) -> StatedChange | None:
    """Return what is told of a remediation; None where it cannot be read, or has no state yet."""
    try:
        remediation = parse(Remediation, document)
    except InvalidObject:
        return None
    metadata, spec, status = remediation.metadata, remediation.spec, remediation.status
    state = next((each.reason for each in status.conditions if each.type == _COMPLETE), "")
    if not state:
        return None
    action = spec.action.model_dump(by_alias=True, exclude_none=True)
    told: Mapping[str, object] = {
        "namespace": metadata.namespace,
        "name": metadata.name,
        "rule": spec.rule_ref.name,
        "target": spec.target_ref.name,
        "action": next((f"{each.get('name') or each.get('document')}" for each in action.values()), ""),
        "state": state,
        "resourceId": spec.resource.id,
        "resourceType": spec.resource.type,
        "accountId": spec.resource.account_id,
        "region": spec.resource.region,
        "control": spec.finding.control,
        "findingId": spec.finding.id,
        "approvedBy": "" if spec.approval is None else spec.approval.by,
        "undo": spec.undo,
        "startedAt": "" if status.started_at is None else status.started_at.isoformat(),
        "finishedAt": "" if status.finished_at is None else status.finished_at.isoformat(),
    }
    body = msgspec.json.encode({name: value for name, value in told.items() if value != ""})
    audience = f"{metadata.namespace}/{spec.target_ref.name}"
    since = status.finished_at or status.started_at
    at = now if since is None else instant_of(since)
    return StatedChange(f"remediation\n{metadata.uid}", EventKind.REMEDIATION, audience, body, at)
