"""Conditions and status of an object: what changed, and writing it only then."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from posture.kube.client import (
    KubeClient,
)
from posture.kube.errors import Gone, Moved, Retryable
from posture.kube.leadership import Leading, always
from posture.kube.requests import (
    REQUEST_WITHIN,
)
from posture.kube.resources import ApiResource, Object, ObjectRef
from posture.kube.writers import Writers
from posture.pace import BackOff

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
LEAST_WITHIN = 0.5
"""Seconds that a write needs at least: with less left of the Lease it is not begun."""


class Transition(NamedTuple):
    """A condition whose status or reason changed."""

    type: str
    before: str | None
    """The status before; None when the condition is new."""
    status: str
    reason: str
    message: str


class StatusWrite(Enum):
    """What became of a status."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    GONE = "gone"
    NOT_OURS = "not ours"
    """This replica does not lead, or another release writes the statuses of this namespace."""
    OVERTAKEN = "overtaken"
    """Somebody else wrote another status since this one was begun: it is to be made anew, of theirs."""


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


def _nobody(_: Object) -> None:
    return None


async def write_status(
    client: KubeClient,
    resource: ApiResource,
    obj: Object,
    status: Mapping[str, Any],
    *,
    leading: Leading = always,
    within: float = 60.0,
    stored: Callable[[Object], None] = _nobody,
    writers: Writers | None = None,
) -> StatusWrite:
    """Make `status` the status of the object, unless `obj` has just that.

    What may work later is tried again for `within` seconds, then raised (Retryable). `leading` is asked
    before each try, which may take no longer: a replica that lost the Lease writes nothing any more. Only the
    version that the status was made of is written to: a status that somebody else wrote since stays, and
    what else was changed on the object is no hindrance. An object that is gone or was replaced by another of
    its name, is left alone. `stored` is given the object as it is now, whoever wrote it. `writers`: the
    release that writes, whose name the status gets, and what it knows of others. Raises Forbidden,
    Unauthorized and Refused at once.
    """
    writers = writers or Writers("")
    status = writers.signed(status)
    writers.note_writer(resource, obj)
    leading = writers.leading(obj["metadata"]["namespace"], leading)
    if obj.get("status") == status:
        return StatusWrite.UNCHANGED
    ref, version = ObjectRef.of(resource, obj), obj["metadata"].get("resourceVersion")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    pauses = BackOff(_FIRST_PAUSE, _LONGEST_PAUSE)
    while (left := leading()) >= LEAST_WITHIN:
        try:
            made = await client.patch_status(ref, status, version=version, within=min(REQUEST_WITHIN, left))
        except Moved as moved:
            writers.note_writer(resource, moved.now)
            # A write of ours whose answer was lost is no change of somebody else's.
            known = [obj.get("status") or {}, dict(status)]
            if (moved.now.get("status") or {}) not in known:
                logger.info("Somebody else has written the status of %s; computing it again", ref)
                stored(moved.now)
                return StatusWrite.OVERTAKEN
            version = moved.now["metadata"]["resourceVersion"]
        except Gone as gone:
            logger.info("The status of %s was not written: %s", ref, gone)
            return StatusWrite.GONE
        except Retryable as error:
            wait = max(pauses.pause(), error.retry_after or 0.0)
            if loop.time() + wait > deadline:
                raise
            await asyncio.sleep(wait)
        else:
            stored(made)
            writers.wrote(made)
            return StatusWrite.WRITTEN
    return StatusWrite.NOT_OURS
