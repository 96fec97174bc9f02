"""The finalizer that keeps an object until its clean-up is done. Those of others are never touched."""

from collections.abc import Sequence
from typing import Any

from posture.kube.client import REQUEST_WITHIN, KubeClient
from posture.kube.errors import Conflict, Refused
from posture.kube.leases import Leading
from posture.kube.resources import ApiResource, Object, ObjectRef
from posture.kube.status import LEAST_WITHIN

FINALIZER = "posture.dev/cleanup"
_PATH = "/metadata/finalizers"
_TRIES = 5


def has_finalizer(obj: Object) -> bool:
    """Tell whether our finalizer is on the object."""
    return FINALIZER in (obj["metadata"].get("finalizers") or [])


def is_deleted(obj: Object) -> bool:
    """Tell whether the object was deleted and only waits for its finalizers."""
    return bool(obj["metadata"].get("deletionTimestamp"))


async def add_finalizer(client: KubeClient, resource: ApiResource, obj: Object, leading: Leading) -> Object:
    """Put our finalizer on the object, unless it has it or is being deleted, and return it as stored.

    `leading` is asked before each call: without it the object is returned as it was. Raises Gone when the
    object is not there, or another one has its name.
    """
    return await _settle(client, resource, obj, leading, wanted=True)


async def remove_finalizer(
    client: KubeClient, resource: ApiResource, obj: Object, leading: Leading
) -> Object:
    """Take our finalizer off the object, if it is on it, and return it as stored.

    `leading` is asked before each call: without it the object is returned as it was. Raises Gone when the
    object is not there any more, which is what was wanted.
    """
    return await _settle(client, resource, obj, leading, wanted=False)


async def _settle(
    client: KubeClient, resource: ApiResource, obj: Object, leading: Leading, *, wanted: bool
) -> Object:
    ref = ObjectRef.of(resource, obj)
    for _ in range(_TRIES):
        if has_finalizer(obj) == wanted or (wanted and is_deleted(obj)):
            return obj
        if (left := leading()) < LEAST_WITHIN:
            return obj
        within = min(REQUEST_WITHIN, left)
        try:
            return await client.patch_metadata(
                ref, _operations(obj["metadata"].get("finalizers"), wanted=wanted), within=within
            )
        except Refused as error:
            # The list is not what was read, unless the very same patch is refused for another reason.
            refused = error
            read_before, obj = obj, await client.reread(ref, within=within)
            if obj["metadata"]["resourceVersion"] == read_before["metadata"]["resourceVersion"]:
                raise
    raise Conflict(refused.call, f"the finalizers of {ref} keep changing: {refused}") from refused


def _operations(finalizers: Sequence[str] | None, *, wanted: bool) -> list[dict[str, Any]]:
    if finalizers is None:
        return [
            {"op": "test", "path": _PATH, "value": None},
            {"op": "add", "path": _PATH, "value": [FINALIZER]},
        ]
    kept = [finalizer for finalizer in finalizers if finalizer != FINALIZER]
    return [
        {"op": "test", "path": _PATH, "value": list(finalizers)},
        {"op": "replace", "path": _PATH, "value": [*kept, FINALIZER] if wanted else kept},
    ]
