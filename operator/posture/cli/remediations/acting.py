"""What people do with one entry of the journal: approve exactly the plan that they saw, or take it back."""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.api.remediation import Remediation, RemediationState
from posture.cli.remediations.entry import ShownEntry, read
from posture.kube.client import KubeClient
from posture.kube.errors import Call, Moved
from posture.kube.resources import REMEDIATIONS, ApiResource

_REVIEWS = ApiResource(
    "authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False
)
_TRIES = 5
"""Versions of an object that a write is tried on: the operator may write its status meanwhile."""
_TO_UNDO = {RemediationState.RUNNING, RemediationState.SUCCEEDED, RemediationState.FAILED}


class Declined(Exception):  # noqa: N818 - the name says what happened
    """Nothing was written; the message says why, and what can be done."""


async def whoami(client: KubeClient) -> str:
    """Return the user name that the API server knows the caller by. Raises KubeError and Declined."""
    body = {"apiVersion": _REVIEWS.api_version, "kind": _REVIEWS.kind}
    answer = await client.request(Call("create", _REVIEWS), "POST", _REVIEWS.path(), body=body)
    user = ((answer.get("status") or {}).get("userInfo") or {}).get("username")
    if not isinstance(user, str) or not user:
        raise Declined("the API server does not say who you are: log in, then try again")
    return user


async def find(client: KubeClient, namespace: str, name: str) -> ShownEntry:
    """Return an entry that can be read. Raises KubeError and Declined."""
    entry = read(await client.get(REMEDIATIONS, namespace, name))
    if entry.remediation is None:
        raise Declined(f"{namespace}/{name} cannot be read: {entry.trouble}")
    return entry


def approved_by(entry: ShownEntry) -> str:
    """Return who has approved an entry that waits for it; empty: nobody yet. Raises Declined."""
    if entry.state != RemediationState.AWAITING_APPROVAL:
        raise Declined(f"it does not wait for an approval: {_state(entry)}")
    approval = _readable(entry).spec.approval
    return "" if approval is None else approval.by


def is_to_be_undone(entry: ShownEntry) -> bool:
    """Whether the undo of an entry was asked for already. Raises Declined where that came to nothing."""
    undo = _readable(entry).spec.undo
    if undo and entry.state == RemediationState.FAILED:
        raise Declined(f"that was tried already: {_state(entry)}")
    return undo


def check_can_be_undone(entry: ShownEntry) -> None:
    """Raise Declined where there is nothing to put back, and nothing to call off."""
    remediation = _readable(entry)
    automation = remediation.spec.action.ssm_automation
    if entry.state == RemediationState.AWAITING_APPROVAL:
        return
    if entry.state not in _TO_UNDO:
        raise Declined(f"there is nothing to undo: {_state(entry)}")
    if automation is not None and automation.undo_document is None:
        raise Declined(f"its rule names no undoDocument: put back by hand what {automation.document} did")
    if remediation.status.before is None and entry.state != RemediationState.RUNNING:
        raise Declined(f"the state before is not stored, so nothing can be put back: {_state(entry)}")


async def give_approval(client: KubeClient, shown: ShownEntry, by: str) -> None:
    """Approve the plan of an entry as it was shown. Raises KubeError, and Declined where it has changed."""
    approval = {"by": by, "planHash": _readable(shown).spec.plan_hash}
    await _write(client, shown, [{"op": "add", "path": "/spec/approval", "value": approval}])


async def ask_for_undo(client: KubeClient, shown: ShownEntry) -> None:
    """Ask for the undo of an entry as it was shown. Raises KubeError, and Declined where it has changed."""
    await _write(client, shown, [{"op": "add", "path": "/spec/undo", "value": True}])


async def _write(client: KubeClient, shown: ShownEntry, operations: Sequence[Mapping[str, Any]]) -> None:
    """Change what was shown and nothing else: that object, its spec, its state."""
    version = shown.document["metadata"]["resourceVersion"]
    for _ in range(_TRIES):
        try:
            await client.patch(shown.ref, operations, version=version)
        except Moved as moved:
            now = read(moved.now)
            if now.document["spec"] != shown.document["spec"] or now.state != shown.state:
                raise Declined(f"it has changed since it was shown: {_state(now)}") from moved
            version = now.document["metadata"]["resourceVersion"]
        else:
            return
    raise Declined("it changes all the time: try again")


def _readable(entry: ShownEntry) -> Remediation:
    if entry.remediation is None:
        raise Declined(f"it cannot be read: {entry.trouble}")
    return entry.remediation


def _state(entry: ShownEntry) -> str:
    state = entry.state or "it has no state yet"
    return f"{state}, {entry.message}" if entry.message else state
