"""Kinds that the API server accepts and this version does not act on: their objects say so."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from posture.api.conditions import Condition, stalled
from posture.api.model import Metadata
from posture.api.resource import Status
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import REMEDIATION_RULES, ApiResource, Object, name_of, target_name_of
from posture.kube.status import StatusWrite
from posture.logs import Field, bound
from posture.publish.sink import ObjectReport
from posture.reconcile.context import Context
from posture.reconcile.reporter import ReportedKind, Reporter

REASON = "NotSupported"
_WRITE_WITHIN = 5.0

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
        # Of thousands of objects nothing is kept from one pass to the next.
        reporter = Reporter(self._context, ReportedKind(resource, Status, "Remediate"), ObjectCache())
        if self._leading():
            listed = {("unsupported", resource.kind, name_of(document)): document for document in objects}
            for owner, document in listed.items():
                version = document["metadata"]["resourceVersion"]
                if before.get(owner) == version and sink.shows(owner):
                    settled[owner] = version
                    continue
                # There may be thousands: others have their turns between them.
                await asyncio.sleep(0)
                written = await self._show(reporter, resource, document, owner)
                if written is not None:
                    settled[owner] = version if written is StatusWrite.UNCHANGED else ""
        for owner in before.keys() - settled.keys():
            sink.withdraw(owner)

    async def _show(
        self, reporter: Reporter[Status], resource: ApiResource, document: Object, owner: Owner
    ) -> StatusWrite | None:
        """Settle one object, and show what it says; None where its status could not be written."""
        said: Sequence[Condition] = ()

        def made(before: Status) -> Status:
            nonlocal said
            after = _unsupported(before, resource, document)
            said = after.conditions
            return after

        with bound(**_about(resource, document)):
            written = await reporter.report(document, made, self._leading, within=_WRITE_WITHIN)
        if not isinstance(written, StatusWrite):
            return None
        metadata = document["metadata"]
        report = ObjectReport(
            resource.kind, metadata["namespace"], metadata["name"], {c.type: c.status for c in said}
        )
        self._context.sink.show_object(owner, report, self._leading)
        return written


def _unsupported(before: Status, resource: ApiResource, document: Object) -> Status:
    metadata = Metadata.model_validate(document["metadata"])
    generation, requested = metadata.generation, metadata.requested_at
    return before.model_copy(
        update={
            "observed_generation": generation,
            "conditions": stalled(
                before.conditions, REASON, _message(resource), datetime.now(UTC), generation
            ),
            "last_handled_request": requested or before.last_handled_request,
        }
    )


def _about(resource: ApiResource, document: Object) -> dict[str, Field]:
    """Return what a log line says of the object: itself under its kind, and its target."""
    kind = "rule" if resource is REMEDIATION_RULES else "remediation"
    return {kind: name_of(document), "target": target_name_of(document)}


def _message(resource: ApiResource) -> str:
    return (
        f"This version of the operator accepts {resource.kind} objects, but does not act on them: nothing is"
        " written to AWS. Upgrade the operator to have it acted on."
    )
