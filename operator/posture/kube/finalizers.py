"""The finalizer that keeps an object until its clean-up is done. Those of others are never touched.

What the clean-up must know is kept beside it, in an annotation: one patch makes both.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from posture.domain.time import instant_of
from posture.kube.client import (
    KubeClient,
)
from posture.kube.errors import Conflict, RequestRefused
from posture.kube.leadership import Leading
from posture.kube.requests import (
    REQUEST_WITHIN,
)
from posture.kube.resources import ApiResource, Object, ObjectRef
from posture.kube.status import LEAST_WITHIN

FINALIZER = "posture.dev/cleanup"
_PATH = "/metadata/finalizers"
_ANNOTATIONS = "/metadata/annotations"
_ATTEMPTS = 5


class AnnotationChange(NamedTuple):
    """An annotation, and what becomes of its text; None: it is not there, or is not to be."""

    key: str
    change: Callable[[str | None], str | None]


def has_finalizer(obj: Object) -> bool:
    """Tell whether our finalizer is on the object."""
    return FINALIZER in (obj["metadata"].get("finalizers") or [])


def is_deleted(obj: Object) -> bool:
    """Tell whether the object was deleted and only waits for its finalizers."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def deleted_at(obj: Object) -> int | None:
    """Return when the deletion of the object was asked for, µs; None: it was not."""
    deleted = obj["metadata"].get("deletionTimestamp")
    return None if deleted is None else instant_of(datetime.fromisoformat(deleted))


def annotation(obj: Object, key: str) -> str | None:
    """Return the text of an annotation; None where it has none."""
    annotations = obj["metadata"].get("annotations")
    text = annotations.get(key) if isinstance(annotations, Mapping) else None
    return text if isinstance(text, str) else None


async def add_finalizer(
    client: KubeClient,
    resource: ApiResource,
    obj: Object,
    leading: Leading,
    kept: AnnotationChange | None = None,
) -> Object:
    """Put our finalizer on the object, unless it has it or is being deleted, and return it as stored.

    `kept`: an annotation that is changed with it, also where the object has the finalizer already. `leading`
    is asked before each call: without it the object is returned as it was. Raises Gone when the object is not
    there, or another one has its name.
    """
    return await _settle(client, resource, obj, leading, kept, wanted=True)


async def remove_finalizer(
    client: KubeClient,
    resource: ApiResource,
    obj: Object,
    leading: Leading,
    kept: AnnotationChange | None = None,
) -> Object:
    """Take our finalizer off the object, if it is on it, and return it as stored.

    `kept`: an annotation that is changed with it. `leading` is asked before each call: without it the object
    is returned as it was. Raises Gone when the object is not there any more, which is what was wanted.
    """
    return await _settle(client, resource, obj, leading, kept, wanted=False)


async def change_annotation(
    client: KubeClient, resource: ApiResource, obj: Object, leading: Leading, kept: AnnotationChange
) -> Object:
    """Change an annotation, and return the object as stored; `leading` as above. Raises Gone likewise."""
    return await _settle(client, resource, obj, leading, kept, wanted=None)


async def _settle(
    client: KubeClient,
    resource: ApiResource,
    obj: Object,
    leading: Leading,
    kept: AnnotationChange | None,
    *,
    wanted: bool | None,
) -> Object:
    ref = ObjectRef.of(resource, obj)
    for _ in range(_ATTEMPTS):
        operations = [*_annotating(obj, kept), *_operations(obj, wanted=wanted)]
        if not operations or (wanted and is_deleted(obj) and not has_finalizer(obj)):
            return obj
        if (left := leading()) < LEAST_WITHIN:
            return obj
        within = min(REQUEST_WITHIN, left)
        try:
            return await client.patch_metadata(ref, operations, within=within)
        except RequestRefused as error:
            # The object is not as it was read, unless the very same patch is refused for another reason.
            refused = error
            read_before, obj = obj, await client.reread(ref, within=within)
            if obj["metadata"]["resourceVersion"] == read_before["metadata"]["resourceVersion"]:
                raise
    raise Conflict(refused.call, f"the metadata of {ref} keep changing: {refused}") from refused


def _operations(obj: Object, *, wanted: bool | None) -> list[dict[str, Any]]:
    if wanted is None or has_finalizer(obj) == wanted:
        return []
    finalizers: Sequence[str] | None = obj["metadata"].get("finalizers")
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


def _annotating(obj: Object, kept: AnnotationChange | None) -> list[dict[str, Any]]:
    if kept is None:
        return []
    before = annotation(obj, kept.key)
    after = kept.change(before)
    if after == before:
        return []
    if obj["metadata"].get("annotations") is None:
        return [
            {"op": "test", "path": _ANNOTATIONS, "value": None},
            {"op": "add", "path": _ANNOTATIONS, "value": {kept.key: after}},
        ]
    # RFC 6901: a slash in a key is written as ~1.
    path = f"{_ANNOTATIONS}/{kept.key.replace('~', '~0').replace('/', '~1')}"
    test = {"op": "test", "path": path, "value": before}
    return [
        test,
        {"op": "remove", "path": path} if after is None else {"op": "add", "path": path, "value": after},
    ]
