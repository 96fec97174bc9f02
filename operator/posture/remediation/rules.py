"""Kinds that the API server accepts and this version does not act on: their objects say so."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from posture.api.conditions import Condition, stalled
from posture.api.model import Metadata
from posture.api.resource import Status, read_status
from posture.kube.errors import KubeError
from posture.kube.leases import Leading
from posture.kube.resources import REMEDIATION_RULES, ApiResource, Object, name_of, target_name_of
from posture.kube.status import StatusWrite, write_status
from posture.logs import Field, bound
from posture.publish.sink import ObjectReport
from posture.reconcile.context import Context

logger = logging.getLogger(__name__)

REASON = "NotSupported"

Owner = tuple[str, str, str]


class Unsupported:
    """Writes the condition on each object, while `leading`, and shows it in the metrics.

    What an object says is looked at once for each version of it: most passes find nothing new.
    """

    def __init__(self, context: Context, leading: Leading) -> None:
        self._context = context
        self._leading = leading
        self._settled: dict[str, dict[Owner, str]] = {}

    async def settle(self, resource: ApiResource, objects: Sequence[Object]) -> None:
        """Let each object say that nothing is done about it; failures are logged and tried again later."""
        before, sink = self._settled.get(resource.kind, {}), self._context.sink
        settled = self._settled[resource.kind] = dict[Owner, str]()
        if self._leading():
            listed = {("unsupported", resource.kind, name_of(document)): document for document in objects}
            for owner, document in listed.items():
                version = document["metadata"]["resourceVersion"]
                if before.get(owner) == version and sink.shows(owner):
                    settled[owner] = version
                    continue
                # There may be thousands: others have their turns between them.
                await asyncio.sleep(0)
                written = await self._show(resource, document, owner)
                if written is not None:
                    settled[owner] = version if written is StatusWrite.UNCHANGED else ""
        for owner in before.keys() - settled.keys():
            sink.withdraw(owner)

    async def _show(self, resource: ApiResource, document: Object, owner: Owner) -> StatusWrite | None:
        """Settle one object, and show what it says; None where its status could not be written."""
        with bound(**_about(resource, document)):
            try:
                conditions, written = await self._settle_one(resource, document)
            except KubeError as error:
                logger.warning("The status could not be written; trying again: %s", error)
                return None
        metadata = document["metadata"]
        report = ObjectReport(
            resource.kind, metadata["namespace"], metadata["name"], {c.type: c.status for c in conditions}
        )
        self._context.sink.show_object(owner, report, self._leading)
        return written

    async def _settle_one(
        self, resource: ApiResource, document: Object
    ) -> tuple[Sequence[Condition], StatusWrite]:
        before, metadata = read_status(Status, document), Metadata.model_validate(document["metadata"])
        generation, requested = metadata.generation, metadata.requested_at
        conditions = stalled(before.conditions, REASON, _message(resource), datetime.now(UTC), generation)
        after = before.model_copy(
            update={
                "observed_generation": generation,
                "conditions": conditions,
                "last_handled_request": requested or before.last_handled_request,
            }
        )
        written = await write_status(
            self._context.client,
            resource,
            document,
            after.to_api(),
            leading=self._leading,
            within=5.0,
            writers=self._context.writers,
        )
        return conditions, written


def _about(resource: ApiResource, document: Object) -> dict[str, Field]:
    """Return what a log line says of the object: itself under its kind, and its target."""
    kind = "rule" if resource is REMEDIATION_RULES else "remediation"
    return {kind: name_of(document), "target": target_name_of(document)}


def _message(resource: ApiResource) -> str:
    return (
        f"This version of the operator accepts {resource.kind} objects, but does not act on them: nothing is"
        " written to AWS. Upgrade the operator to have it acted on."
    )
