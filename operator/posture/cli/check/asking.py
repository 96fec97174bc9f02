"""Calls of Security Hub for one check of one hub: each gives its answer, or the refusal as a value.

All of them read. GetFindings is not decoded as the operator does it: what is odd in a finding is judged here.
"""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError
from posture.aws.client.sessions import Identity
from posture.aws.securityhub.setup import (
    read_administrator,
    read_joining,
    read_linking,
    read_management,
    read_members,
    read_second_version,
    why_untold,
)
from posture.cli.check.setup import Answer
from posture.domain.arns import identity_of_caller, managed_insight_arn, partition_of_region
from posture.domain.setup.facts import HubSetup, SetupPart, Untold
from posture.domain.setup.recorders import Recorders
from posture.domain.time import rfc3339
from posture.remediation.member import Aws

PATIENCE = 15.0
"""Seconds for which throttling is waited out: a check is not to take as long as a sweep."""
PAGE = 20
_DAY = 24 * 3600 * 1_000_000
_HISTORY = 90 * _DAY
_TOO_MANY = 101
_LATELY = {"Value": 90, "Unit": "DAYS"}
_OWN_PRODUCT = "::product/aws/securityhub"
T = TypeVar("T")


class SetupRead(NamedTuple):
    """How a hub is set up, and the accounts that it administers; None: that is not known."""

    setup: HubSetup
    members: tuple[str, ...] | None


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

    async def setup(self, hub: Mapping[str, Any]) -> SetupRead:
        """Read how the hub is set up; `hub`: the answer of DescribeHub. What is refused is left out."""
        untold: dict[str, Untold] = {}

        async def told(part: SetupPart, answer: Awaitable[T]) -> T | None:
            try:
                return await answer
            except AwsError as error:
                untold[part] = why_untold(error)
                return None

        calls = self._calls
        members = await told(SetupPart.MEMBERS, read_members(calls, patience=PATIENCE))
        administrator = await told(SetupPart.ADMINISTRATOR, read_administrator(calls, patience=PATIENCE))
        joining = await told(SetupPart.JOINING, read_joining(calls, patience=PATIENCE))
        administered = None if members is None else members.administered
        setup = HubSetup(
            auto_enable_controls=hub.get("AutoEnableControls"),
            administers=True if joining else None if administered is None else bool(administered),
            administrator_id=administrator,
            management=await told(SetupPart.MANAGEMENT, read_management(calls, patience=PATIENCE)),
            joining=joining,
            linking=await told(SetupPart.LINKING, read_linking(calls, patience=PATIENCE)),
            second_version=await told(
                SetupPart.SECOND_VERSION, read_second_version(calls, patience=PATIENCE)
            ),
            apart={} if members is None else members.apart,
            untold=untold,
        )
        return SetupRead(setup, administered)

    async def recorders(self) -> Recorders | None:
        """Read in which places Config.1 fails, of the first page of those; None: it may not be read."""
        places: dict[str, set[tuple[str, str]]] = {}
        for status in ("FAILED", "PASSED"):
            page = await self.findings({**CONFIG_1_TOLD, "ComplianceStatus": equals(status)}, MaxResults=100)
            if isinstance(page, AwsError):
                return None
            places[status] = {
                (str(each.get("AwsAccountId")), str(each.get("Region")))
                for each in page.get("Findings", ())
                if str(each.get("ProductArn", "")).endswith(_OWN_PRODUCT)
            }
        return Recorders(tuple(sorted(places["FAILED"])), len(places["PASSED"] - places["FAILED"]))

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
CONFIG_1_TOLD = {
    **ACTIVE,
    "ComplianceSecurityControlId": equals("Config.1"),
    "WorkflowStatus": [entry for each in ("NEW", "NOTIFIED", "RESOLVED") for entry in equals(each)],
    "UpdatedAt": [{"DateRange": {"Value": 2, "Unit": "DAYS"}}],
}
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
