"""Which controls of a standard are on, and turning them on and off, through what passes.

The calls answer for a hundred controls and leave single ones out, each with a code. LIMIT_EXCEEDED passes:
those are asked for, or sent, again by themselves. All other codes are for the caller to tell.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from posture.aws.client.calls import Calls, pause_after
from posture.aws.client.errors import AwsError

# What BatchGetStandardsControlAssociations and BatchUpdateStandardsControlAssociations take (API reference).
BATCH = 100
ABSENT = frozenset({"NOT_FOUND", "RESOURCE_NOT_FOUND"})
"""The same thing: the first is the deprecated one (API reference, UnprocessedStandardsControlAssociation)."""
LIMITED = "LIMIT_EXCEEDED"
GET = "BatchGetStandardsControlAssociations"
UPDATE = "BatchUpdateStandardsControlAssociations"
_ATTEMPTS = 6


class Unprocessed(NamedTuple):
    """Why an association was left out: `code` as in the API reference, `reason` in AWS's words."""

    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.code} {self.reason}".strip()


class Associations(NamedTuple):
    """What was answered: details as the API has them, and by control id what was left out and why."""

    details: tuple[dict[str, Any], ...]
    unprocessed: Mapping[str, Unprocessed]


class AssociationUpdate(NamedTuple):
    """A security control to turn on or off in a standard."""

    standards_arn: str
    """The standard's ARN."""
    security_control_id: str
    """As `S3.11`."""
    enabled: bool
    reason: str = ""
    """UpdatedReason, which AWS wants where it turns off."""


class UnprocessedAssociation(NamedTuple):
    """An association that was not updated; `code`: INVALID_INPUT, ACCESS_DENIED, NOT_FOUND or the like."""

    update: AssociationUpdate
    code: str
    message: str


async def read_associations(calls: Calls, standards_arn: str, controls: Sequence[str]) -> Associations:
    """Read the associations of a standard's controls, given as AWS spells their ids.

    Raises Throttled where the limit does not let all of them through in some seconds, and what the call
    raises.
    """
    details: list[dict[str, Any]] = []
    unprocessed: dict[str, Unprocessed] = {}
    for start in range(0, len(controls), BATCH):
        left = list(controls[start : start + BATCH])
        for attempt in range(_ATTEMPTS):
            ids = [{"SecurityControlId": control, "StandardsArn": standards_arn} for control in left]
            body = (await calls.call(GET, {"StandardsControlAssociationIds": ids})).body
            details += body["StandardsControlAssociationDetails"]
            out = {
                entry["StandardsControlAssociationId"]["SecurityControlId"]: Unprocessed(
                    entry["ErrorCode"], entry.get("ErrorReason", "")
                )
                for entry in body.get("UnprocessedAssociations", [])
            }
            left = [control for control, why in out.items() if why.code == LIMITED]
            unprocessed |= {control: why for control, why in out.items() if why.code != LIMITED}
            if not left:
                break
            await asyncio.sleep(pause_after(attempt))
        else:
            message = f"{len(left)} associations of {standards_arn} were not answered: {out[left[0]].reason}"
            raise calls.refused_entry(GET, LIMITED, message)
    return Associations(tuple(details), unprocessed)


async def update_associations(
    calls: Calls, updates: Sequence[AssociationUpdate], within: float | None
) -> tuple[UnprocessedAssociation, ...]:
    """Turn up to 100 controls on or off in their standards; return what was not, told as it was asked.

    What exceeds the limit is sent again while `within` (seconds) lasts; a later call that fails does not hide
    what an earlier one did. Raises what the first call raises.
    """
    started = time.monotonic()
    refused: list[UnprocessedAssociation] = []
    limited: list[UnprocessedAssociation] = []
    for attempt in range(_ATTEMPTS):
        asked = [each.update for each in limited] if attempt else updates
        left = None if within is None else within - _since(started)
        try:
            parameters = {"StandardsControlAssociationUpdates": [_sent(each) for each in asked]}
            body = (await calls.call(UPDATE, parameters, within=left)).body
        except AwsError:
            if not attempt:
                raise
            break
        told = _told(asked, body.get("UnprocessedAssociationUpdates", []))
        limited = [each for each in told if each.code == LIMITED]
        refused += [each for each in told if each.code != LIMITED]
        pause = pause_after(attempt)
        if not limited or (within is not None and _since(started) + pause >= within):
            break
        await asyncio.sleep(pause)
    return (*refused, *limited)


def _since(started: float) -> float:
    return time.monotonic() - started


def _sent(update: AssociationUpdate) -> dict[str, str]:
    entry = {
        "StandardsArn": update.standards_arn,
        "SecurityControlId": update.security_control_id,
        "AssociationStatus": "ENABLED" if update.enabled else "DISABLED",
    }
    if update.reason:
        entry["UpdatedReason"] = update.reason
    return entry


def _told(
    asked: Sequence[AssociationUpdate], entries: Sequence[Mapping[str, Any]]
) -> list[UnprocessedAssociation]:
    """Read what was left out, as the updates that were asked for.

    A control can be answered by its SecurityControlArn (API reference, StandardsControlAssociationUpdate).
    """
    by_name = {_name(each.standards_arn, each.security_control_id): each for each in asked}
    told = []
    for entry in entries:
        update = entry["StandardsControlAssociationUpdate"]
        named = by_name.get(_name(update["StandardsArn"], update["SecurityControlId"]))
        meant = named or AssociationUpdate(
            update["StandardsArn"],
            update["SecurityControlId"],
            update["AssociationStatus"] == "ENABLED",
            update.get("UpdatedReason", ""),
        )
        told.append(UnprocessedAssociation(meant, entry["ErrorCode"], entry.get("ErrorReason", "")))
    return told


def _name(standards_arn: str, control: str) -> tuple[str, str]:
    return standards_arn, control.rpartition("/")[2].upper()
