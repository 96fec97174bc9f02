"""Conditions and status of an object: what changed, and writing it only then."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from random import SystemRandom
from typing import Any, NamedTuple

from posture.kube.client import KubeClient
from posture.kube.errors import Gone, Retryable
from posture.kube.resources import ApiResource, Object, ObjectRef

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
_jitter = SystemRandom()


class Transition(NamedTuple):
    """A condition whose status or reason changed; `before` is None when it is new."""

    type: str
    before: str | None
    status: str
    reason: str
    message: str


class Written(Enum):
    """What became of a status."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    GONE = "gone"
    NOT_OURS = "not ours"


def transitions(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Transition]:
    """Return which conditions have another status or reason than before, in the order of `after`.

    Both are conditions as JSON: `{type, status, reason, message, …}` of metav1.Condition.
    A message that changes alone is none: it may carry numbers that change all the time.
    """
    known = {condition["type"]: condition for condition in before}
    changed = []
    for condition in after:
        old = known.get(condition["type"], {})
        if (old.get("status"), old.get("reason")) != (condition["status"], condition.get("reason")):
            changed.append(
                Transition(
                    condition["type"],
                    old.get("status"),
                    condition["status"],
                    condition.get("reason", ""),
                    condition.get("message", ""),
                )
            )
    return changed


def _always() -> bool:
    return True


def _nobody(_: Object) -> None:
    return None


async def write_status(
    client: KubeClient,
    resource: ApiResource,
    obj: Object,
    status: Mapping[str, Any],
    *,
    ours: Callable[[], bool] = _always,
    within: float = 60.0,
    stored: Callable[[Object], None] = _nobody,
) -> Written:
    """Make `status` the status of the object, unless `obj` has just that.

    What may work later is tried again for `within` seconds, then raised (Retryable). `ours` is asked before
    each try: a replica that lost the Lease writes nothing any more. An object that is gone or was replaced by
    another of its name, is left alone. `stored` is given the object as it is after the write. Raises
    Forbidden, Unauthorized and Refused at once.
    """
    if obj.get("status") == status:
        return Written.UNCHANGED
    ref = ObjectRef.of(resource, obj)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    pause = _FIRST_PAUSE
    while ours():
        try:
            stored(await client.patch_status(ref, status))
        except Gone as gone:
            logger.info("The status of %s is not written: %s", ref, gone)
            return Written.GONE
        except Retryable as error:
            wait = max(pause * _jitter.uniform(0.5, 1.0), error.retry_after or 0.0)
            if loop.time() + wait > deadline:
                raise
            await asyncio.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            return Written.WRITTEN
    return Written.NOT_OURS
