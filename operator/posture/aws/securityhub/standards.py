"""The standards that are enabled in a hub: which controls each has, which are on, how each numbers them."""

import asyncio
from collections.abc import Iterable
from itertools import islice
from typing import Any

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AccessDenied, Terminal
from posture.aws.client.paging import denied, list_all
from posture.aws.securityhub.associations import ABSENT, BATCH, read_associations
from posture.domain.arns import control_of, standard_name
from posture.domain.standards import AWS, ControlAssociation, Standard
from posture.domain.text import counted

NOT_READY = "NOT_READY_FOR_UPDATES"
"""`StandardsControlsUpdatable` of a standard whose controls can be neither read nor switched."""
# The same, where that has changed meanwhile (API reference, BatchGetStandardsControlAssociations).
_NOT_READY_NOW = "ResourceNotFoundException"


async def read_standards(calls: Calls, missing: list[str]) -> tuple[Standard, ...] | None:
    """List the enabled standards with their controls; what is denied is added to `missing`.

    None where not even the standards may be listed.

    A standard that is being disabled is none any more. One whose controls or associations cannot be read is
    `complete=False`.
    """
    try:
        subscriptions = await list_all(calls, "GetEnabledStandards", "StandardsSubscriptions")
    except AccessDenied as error:
        missing.append(denied(error, "which standards are enabled is not known"))
        return None
    subscribed = [entry for entry in subscriptions if entry["StandardsStatus"] != "DELETING"]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    _read_standard(
                        calls,
                        _standard(entry),
                        missing,
                        readable=entry.get("StandardsControlsUpdatable") != NOT_READY,
                    )
                )
                for entry in subscribed
            ]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return tuple(sorted((task.result() for task in tasks), key=lambda standard: standard.name))


def _standard(entry: dict[str, Any]) -> Standard:
    """Read a subscription (API reference, StandardsSubscription)."""
    return Standard(
        standard_name(entry["StandardsArn"]),
        entry["StandardsArn"],
        {},
        status=entry["StandardsStatus"],
        provider=entry.get("Provider") or AWS,
        reason=entry.get("StandardsStatusReason", {}).get("StatusReasonCode", ""),
    )


async def _read_standard(calls: Calls, standard: Standard, missing: list[str], *, readable: bool) -> Standard:
    """Add a standard's controls to it; which of them are on only where that is `readable`."""
    name = standard.name
    try:
        definitions = await list_all(
            calls,
            "ListSecurityControlDefinitions",
            "SecurityControlDefinitions",
            {"StandardsArn": standard.arn, "MaxResults": BATCH},
        )
    except AccessDenied as error:
        missing.append(denied(error, f"the controls of {name} are known by their findings only"))
        return standard._replace(complete=False)
    ids = [entry["SecurityControlId"] for entry in definitions]
    try:
        if readable:
            return await _read_associations(calls, standard, definitions, missing)
        missing.append(f"{name} cannot be read yet: its controls are {NOT_READY}")
    except AccessDenied as error:
        missing.append(denied(error, f"which controls of {name} are turned off is not known"))
    except Terminal as error:
        if error.code != _NOT_READY_NOW:
            raise
        missing.append(f"{name} cannot be read yet: {error.code}: {error.message}")
    controls = {control.upper(): ControlAssociation(control, enabled=True) for control in ids}
    return standard._replace(controls=controls, complete=False)


async def _read_associations(
    calls: Calls, standard: Standard, definitions: list[dict[str, Any]], missing: list[str]
) -> Standard:
    here = {
        entry["SecurityControlId"]: entry.get("CurrentRegionAvailability") != "UNAVAILABLE"
        for entry in definitions
    }
    read = await read_associations(calls, standard.arn, list(here))
    controls = {
        detail["SecurityControlId"].upper(): ControlAssociation(
            detail["SecurityControlId"],
            enabled=detail["AssociationStatus"] == "ENABLED",
            numbers=_numbers(standard.name, detail.get("StandardsControlArns", [])),
        )
        for detail in read.details
    }
    # They do not exist in this Region, so they are neither on nor off here.
    elsewhere = {
        control for control, why in read.unprocessed.items() if why.code in ABSENT and not here[control]
    }
    unread = {
        control: str(read.unprocessed.get(control, "not answered"))
        for control in here
        if control.upper() not in controls and control not in elsewhere
    }
    if unread:
        some = ", ".join(f"{control} ({why})" for control, why in islice(unread.items(), 3))
        missing.append(
            f"{counted(len(unread), 'control', 'controls')} of {standard.name} could not be read: {some}"
        )
    return standard._replace(controls=controls, complete=not unread)


def _numbers(standard: str, arns: Iterable[str]) -> tuple[str, ...]:
    """Read a standard's own numbers from `arn:…:control/cis-aws-foundations-benchmark/v/1.4.0/1.10`."""
    controls = map(control_of, arns)
    return tuple(sorted({control[1] for control in controls if control and control[0] == standard}))
