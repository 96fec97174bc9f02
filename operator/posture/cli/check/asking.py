"""Calls of Security Hub for one check of one hub: each gives its answer, or the refusal as a value.

All of them read. GetFindings is not decoded as the operator does it: what is odd in a finding is judged here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError
from posture.aws.client.paging import list_all
from posture.aws.client.sessions import Identity
from posture.cli.check.setup import Answer
from posture.domain.arns import identity_of_caller, managed_insight_arn, partition_of_region
from posture.domain.time import rfc3339
from posture.remediation.member import Aws

PATIENCE = 15.0
"""Seconds for which throttling is waited out: a check is not to take as long as a sweep."""
PAGE = 20
_DAY = 24 * 3600 * 1_000_000
_HISTORY = 90 * _DAY
_MEMBERS = 50
_TOO_MANY = 101
_LATELY = {"Value": 90, "Unit": "DAYS"}


class HubCalls:
    """Calls as one identity in its Region."""

    def __init__(self, aws: Aws, identity: Identity) -> None:
        self.identity = identity
        self._aws = aws
        self._calls = Calls(aws.sessions, identity, aws.limiters, aws.usage, service="securityhub")

    async def account(self) -> str | AwsError:
        """Ask who this identity is."""
        try:
            return await self._aws.sessions.account(self.identity)
        except AwsError as error:
            return error

    async def ask(self, operation: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Call an operation that takes one call."""
        return await _answer(self._calls, operation, parameters)

    async def findings(self, filters: Mapping[str, Any], *, order: str = "", **others: Any) -> Answer:  # noqa: ANN401 - parameters as the API has them
        """Read a page of findings; `order`: asc or desc by UpdatedAt."""
        parameters = {"Filters": dict(filters), "MaxResults": PAGE, **others}
        if order:
            parameters["SortCriteria"] = [{"Field": "UpdatedAt", "SortOrder": order}]
        return await self.ask("GetFindings", parameters)

    async def members(self) -> list[str] | AwsError:
        """List the accounts that this one administers."""
        asked = {"OnlyAssociated": True, "MaxResults": _MEMBERS}
        try:
            listed = await list_all(self._calls, "ListMembers", "Members", asked)
        except AwsError as error:
            return error
        return [each["AccountId"] for each in listed if each.get("AccountId")]

    async def aggregator(self) -> Answer | None:
        """Read the finding aggregator; None: there is none."""
        listed = await self.ask("ListFindingAggregators")
        if isinstance(listed, AwsError):
            return listed
        arn = (listed.get("FindingAggregators") or [{}])[0].get("FindingAggregatorArn")
        return None if arn is None else await self.ask("GetFindingAggregator", {"FindingAggregatorArn": arn})

    async def controls(self, enabled: Answer) -> tuple[Answer, Answer]:
        """Read one control of the first standard, and whether it is on."""
        if isinstance(enabled, AwsError):
            return enabled, enabled
        standards = enabled.get("StandardsSubscriptions") or [{}]
        arn = standards[0].get("StandardsArn")
        if arn is None:
            return {}, {}
        definitions = await self.ask("ListSecurityControlDefinitions", {"StandardsArn": arn, "MaxResults": 1})
        if isinstance(definitions, AwsError):
            return definitions, {}
        control = (definitions.get("SecurityControlDefinitions") or [{}])[0].get("SecurityControlId")
        if control is None:
            return definitions, {}
        asked = {"StandardsControlAssociationIds": [{"SecurityControlId": control, "StandardsArn": arn}]}
        return definitions, await self.ask("BatchGetStandardsControlAssociations", asked)

    async def history(self, finding: Mapping[str, Any], now: int) -> Sequence[Mapping[str, Any]] | AwsError:
        """Read the first page of what has changed of a finding within 90 days; `now`: µs."""
        asked = {
            "FindingIdentifier": {"Id": finding["Id"], "ProductArn": finding["ProductArn"]},
            "StartTime": rfc3339(now - _HISTORY),
            "MaxResults": 100,
        }
        answer = await self.ask("GetFindingHistory", asked)
        if isinstance(answer, AwsError):
            return answer
        records: Sequence[Mapping[str, Any]] = answer.get("Records") or ()
        return records

    async def insight(self) -> Answer:
        """Read a managed insight: the resources with the most findings."""
        partition = partition_of_region(self.identity.region)
        return await self.ask("GetInsightResults", {"InsightArn": managed_insight_arn(partition, 1)})

    async def too_large_a_page(self) -> Answer:
        """Ask for a page that is larger than may be."""
        return await self.ask("GetFindings", {"MaxResults": _TOO_MANY})

    async def half_a_window(self, start: str) -> Answer:
        """Ask by a date filter that has a start and no end."""
        return await self.findings({"UpdatedAt": [{"Start": start}]})

    async def part_of_a_title(self) -> Answer:
        """Ask for findings by a part of their title."""
        return await self.findings({"Title": [{"Comparison": "CONTAINS", "Value": "should"}]}, MaxResults=1)

    async def noted(self) -> Answer:
        """Read findings whose note was written lately."""
        return await self.findings({**ACTIVE, "NoteUpdatedAt": [{"DateRange": _LATELY}]})

    async def token_of_another_query(self) -> Answer | None:
        """Go on with another query by the token of the first; None: there is none."""
        first = await self.findings(ACTIVE, MaxResults=1)
        if isinstance(first, AwsError):
            return first
        token = first.get("NextToken")
        return None if not token else await self.findings(ARCHIVED, MaxResults=1, NextToken=token)

    def now(self) -> int:
        """Return the time (µs) by AWS's clock."""
        return self._calls.clock.now()


def equals(value: str) -> list[dict[str, str]]:
    """Return a filter of a text."""
    return [{"Comparison": "EQUALS", "Value": value}]


ACTIVE = {"RecordState": equals("ACTIVE")}
ARCHIVED = {"RecordState": equals("ARCHIVED")}
EXPOSURES = {"Type": [{"Comparison": "PREFIX", "Value": "Exposure"}]}


async def simulate(aws: Aws, identity: Identity, action: str) -> Answer:
    """Ask IAM whether an identity may do something, without doing it (iam:SimulatePrincipalPolicy)."""
    source = identity.role_arn
    if source is None:
        sts = Calls(aws.sessions, identity, aws.limiters, aws.usage, service="sts")
        caller = await _answer(sts, "GetCallerIdentity", {})
        if isinstance(caller, AwsError):
            return caller
        source = identity_of_caller(str(caller["Arn"]))
    calls = Calls(aws.sessions, identity, aws.limiters, aws.usage, service="iam")
    asked = {"PolicySourceArn": source, "ActionNames": [action]}
    return await _answer(calls, "SimulatePrincipalPolicy", asked)


async def _answer(calls: Calls, operation: str, parameters: Mapping[str, Any] | None) -> Answer:
    try:
        return (await calls.call(operation, parameters, patience=PATIENCE)).body
    except AwsError as error:
        return error
