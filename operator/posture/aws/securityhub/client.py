"""Security Hub as one identity sees it from one Region: findings in pages, and the writes that it takes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from posture.aws.client.calls import PATIENCE, Calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.responses import DECODED
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.associations import (
    BATCH,
    AssociationUpdate,
    UnprocessedAssociation,
    update_associations,
)
from posture.aws.securityhub.discovery import HubFacts, discover
from posture.aws.securityhub.history import FindingHistory, read_history
from posture.aws.securityhub.insights import read_insight
from posture.aws.securityhub.wire import FindingsPage, decode_page
from posture.domain.findings import FindingId, Workflow
from posture.domain.insights import InsightResults

_SERVICE = "securityhub"


class NoteUpdate(NamedTuple):
    """A finding's note: both are required, `text` has 1 to 512 characters."""

    text: str
    updated_by: str


class UnprocessedFinding(NamedTuple):
    """A finding that was not updated.

    `code` as in the API reference (ConcurrentUpdateError, FindingNotFound, InvalidInput, …), or NotReported
    where AWS names the finding neither as processed nor as unprocessed.
    """

    finding: FindingId
    code: str
    message: str


class FindingsUpdate(NamedTuple):
    """Result of BatchUpdateFindings. AWS applies what is processed within minutes, not at once.

    `asked_at`: start of the request in microseconds by AWS's clock.
    """

    processed: tuple[FindingId, ...]
    unprocessed: tuple[UnprocessedFinding, ...]
    asked_at: int = 0


class SecurityHub:
    """Security Hub's API for one identity and its Region. Any number of calls may be under way at once.

    Every method raises AwsError: Retryable, Terminal (AccessDenied, HubNotEnabled, RoleNotAssumable, …), and
    where a NextToken was passed TokenRefused. Throttling is waited out before it is an error.
    """

    def __init__(self, sessions: Sessions, identity: Identity, limiters: Limiters, usage: Usage) -> None:
        self.identity = identity
        self._sessions = sessions
        sessions.decode(_SERVICE, "GetFindings", decode_page)
        self._calls = Calls(sessions, identity, limiters, usage, service=_SERVICE)

    def now(self) -> int:
        """Return the time in microseconds by AWS's clock; by the local one while AWS has not answered."""
        return self._calls.clock.now()

    def set_forward(self) -> int:
        """Return by how much (µs) that clock is ahead of what it was within the last day, at the most."""
        return self._calls.clock.set_forward()

    async def discover(self) -> HubFacts:
        """Find out what this hub is: see `discovery.discover`."""
        return await discover(self._calls, await self._sessions.account(self.identity), self.identity.region)

    async def get_findings(
        self,
        filters: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]] | None = None,
        next_token: str | None = None,
        max_results: int = 100,
        patience: float = PATIENCE,
    ) -> FindingsPage:
        """Read one page of findings; `filters` and `sort` as the API names them (Filters, SortCriteria)."""
        parameters: dict[str, Any] = {"Filters": dict(filters), "MaxResults": max_results}
        if sort:
            parameters["SortCriteria"] = [dict(criterion) for criterion in sort]
        if next_token:
            parameters["NextToken"] = next_token
        answer = await self._calls.call("GetFindings", parameters, patience=patience)
        page: FindingsPage = answer.body[DECODED]
        return page._replace(
            asked_at=answer.asked_at, uncertainty=self._calls.clock.uncertainty, seconds=answer.seconds
        )

    async def finding_history(self, finding: FindingId, begin: int) -> FindingHistory | None:
        """Read what has changed of a finding since `begin` (µs), at most 90 days ago: one call at least.

        None where the answer is not to be believed.
        """
        return await read_history(self._calls, finding, begin)

    async def insight(self, arn: str) -> InsightResults:
        """Read an insight: see `insights.read_insight`."""
        return await read_insight(self._calls, arn)

    async def batch_update_findings(
        self,
        findings: Sequence[FindingId],
        *,
        workflow: Workflow | None = None,
        note: NoteUpdate | None = None,
        user_fields: Mapping[str, str] | None = None,
        within: float | None = None,
    ) -> FindingsUpdate:
        """Write workflow, note or user-defined fields of up to 100 findings (ValueError beyond).

        What is None stays as it is. `within`: seconds after which no part of the call goes on; a call cut off
        may have been applied.
        """
        _within_batch(findings)
        parameters: dict[str, Any] = {
            "FindingIdentifiers": [{"Id": entry.id, "ProductArn": entry.product_arn} for entry in findings]
        }
        if workflow is not None:
            parameters["Workflow"] = {"Status": workflow.name}
        if note is not None:
            parameters["Note"] = {"Text": note.text, "UpdatedBy": note.updated_by}
        if user_fields is not None:
            parameters["UserDefinedFields"] = dict(user_fields)
        answer = await self._calls.call("BatchUpdateFindings", parameters, within=within)
        return _findings_update(findings, answer.body)._replace(asked_at=answer.asked_at)

    async def batch_update_standards_control_associations(
        self, updates: Sequence[AssociationUpdate], *, within: float | None = None
    ) -> tuple[UnprocessedAssociation, ...]:
        """Turn up to 100 controls on or off in their standards (ValueError beyond); return what was not.

        They are those of the caller's account and Region. See `associations.update_associations`.
        """
        _within_batch(updates)
        return await update_associations(self._calls, updates, within)

    async def update_standards_control(
        self, standards_control_arn: str, *, enabled: bool, reason: str = "", within: float | None = None
    ) -> None:
        """Turn one control of one standard on or off: the older call, one a second."""
        parameters: dict[str, Any] = {
            "StandardsControlArn": standards_control_arn,
            "ControlStatus": "ENABLED" if enabled else "DISABLED",
        }
        if reason:
            parameters["DisabledReason"] = reason
        await self._calls.call("UpdateStandardsControl", parameters, within=within)


def _within_batch(entries: Sequence[object]) -> None:
    if not 0 < len(entries) <= BATCH:
        raise ValueError(f"1 to {BATCH} entries a call, not {len(entries)}")


def _findings_update(asked: Sequence[FindingId], body: Mapping[str, Any]) -> FindingsUpdate:
    processed = tuple(FindingId(entry["ProductArn"], entry["Id"]) for entry in body["ProcessedFindings"])
    unprocessed = [
        UnprocessedFinding(
            FindingId(entry["FindingIdentifier"]["ProductArn"], entry["FindingIdentifier"]["Id"]),
            entry["ErrorCode"],
            entry.get("ErrorMessage", ""),
        )
        for entry in body["UnprocessedFindings"]
    ]
    named = {*processed, *(entry.finding for entry in unprocessed)}
    unprocessed += [
        UnprocessedFinding(finding, "NotReported", "AWS's answer does not name this finding")
        for finding in asked
        if finding not in named
    ]
    return FindingsUpdate(processed, tuple(unprocessed))
