"""Asking for a run of a target by its annotation, and waiting for its end."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from posture.api.conditions import READY, Condition, ConditionStatus, find_condition
from posture.api.model import REQUESTED_AT, Metadata
from posture.api.resource import read_status
from posture.api.targets.status import PostureTargetStatus
from posture.cli.cluster import ask
from posture.cli.terminal import TIMED_OUT, complain, show
from posture.kube.client import KubeClient, connect
from posture.kube.errors import Retryable
from posture.kube.resources import POSTURE_TARGETS, Object

_LOOKED_EVERY = 1.0


class _NotSynced(Exception):  # noqa: N818 - the message says why
    """The run has come to nothing, or will."""


def request_run(target: str, namespace: str | None, context: str | None, within: timedelta | None) -> None:
    """Ask for a run, and wait for its end so long at most; ends with 1, or 124, where it fails.

    `within`: None does not wait.
    """
    try:
        ask(_request(target, namespace, context, within))
    except _NotSynced as error:
        complain(error)
        sys.exit(1)
    except TimeoutError:
        complain(
            f"{target}: the run has not ended within {within}; the operator goes on with it:"
            " `posture status` shows how far it is"
        )
        sys.exit(TIMED_OUT)


async def _request(target: str, namespace: str | None, context: str | None, within: timedelta | None) -> None:
    place, _, name = target.rpartition("/")
    async with connect(context=context) as client:
        place = place or namespace or client.namespace
        at = datetime.now(UTC).isoformat()
        patch = {"metadata": {"annotations": {REQUESTED_AT: at}}}
        stored = await client.merge(POSTURE_TARGETS, place, name, patch)
        if within is None:
            show(f"PostureTarget {place}/{name}: a run is asked for\n")
            return
        async with asyncio.timeout(within.total_seconds()):
            ended = await _ended(client, stored)
    show(f"PostureTarget {place}/{name}: {_outcome(ended)}\n")


async def _ended(client: KubeClient, target: Object) -> PostureTargetStatus:
    """Wait until the last run that was asked for has ended. Raises _NotSynced where it will not."""
    shown = ""
    metadata = target["metadata"]
    uid = metadata["uid"]
    while True:
        if target["metadata"]["uid"] != uid:
            raise _NotSynced(f"{metadata['name']} was deleted, another target has its name now")
        if target.get("spec", {}).get("suspend"):
            raise _NotSynced(f"{metadata['name']} is suspended: `posture resume` it first")
        read = Metadata.model_validate(target["metadata"])
        status = read_status(PostureTargetStatus, target)
        # Whoever has asked after us is answered in our stead: by a run that began after we had asked.
        if status.last_handled_request == read.requested_at:
            return status
        ready = find_condition(status.conditions, READY)
        if ready is not None and ready.message and ready.message != shown:
            shown = ready.message
            complain(f"{metadata['name']}: {shown}")
        await asyncio.sleep(_LOOKED_EVERY)
        target = await _looked(client, target)


async def _looked(client: KubeClient, target: Object) -> Object:
    """Read a target again; what passes is waited for."""
    metadata = target["metadata"]
    try:
        return await client.get(POSTURE_TARGETS, metadata["namespace"], metadata["name"])
    except Retryable:
        return target


def _outcome(status: PostureTargetStatus) -> str:
    """Say what a run has come to. Raises _NotSynced where that is nothing."""
    ready = find_condition(status.conditions, READY)
    if ready is None or ready.status is not ConditionStatus.TRUE:
        raise _NotSynced(_said(ready))
    if status.score is None:
        return "read; there is no score"
    return f"read; score {status.score} %, {status.passed} of {status.scored} controls passed"


def _said(ready: Condition | None) -> str:
    return "the operator says nothing of it" if ready is None else f"{ready.reason}: {ready.message}"
