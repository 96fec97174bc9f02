"""What a hub is: whose, with which standards and controls, for which members and Regions.

Only DescribeHub must be allowed. Every other call that is denied leaves its part unknown, never guessed, and
is named with what its lack costs.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AccessDenied, HubNotEnabled, Terminal
from posture.aws.client.paging import denied, list_all
from posture.aws.securityhub.standards import read_standards
from posture.domain.arns import partition_of, partition_of_region
from posture.domain.standards import Standard

_NOT_THE_ADMINISTRATOR = "InvalidAccessException"
_ABSENT = "ResourceNotFoundException"
_IAM_REFUSES = "not authorized to perform"
# ListMembers gives 50 a page at most (API reference).
_MEMBERS = 50
_ADMINISTERS = frozenset({"enabled", "associated"})


class HubFacts(NamedTuple):
    """A hub as its account and Region show it.

    Facts are equal as long as nothing that they say has changed.
    """

    account_id: str
    region: str
    administrator: bool
    """This account administers others."""
    administrator_id: str | None
    """The account that administers this one."""
    aggregation_region: str | None
    """Where the findings of this Region and of others are collected; None where they are not: without
    aggregation, and where this Region is not linked or no Region is."""
    finding_format: str
    """SECURITY_CONTROL (consolidated), STANDARD_CONTROL (classic), or '' if AWS does not say."""
    standards: tuple[Standard, ...]
    """Enabled ones."""
    members: Mapping[str, str | None]
    """Account id → name, this account included; None: Security Hub does not say the name, findings do."""
    central_configuration: bool | None
    """An administrator's central configuration decides which controls are on; None where this account cannot
    see that."""
    missing: tuple[str, ...]
    """What is denied or at its limit, as advice."""
    partition: str
    """Of the hub's own ARN, else of its Region. The ARN of a standard does not tell: that of CIS 1.2
    (`arn:aws:securityhub:::ruleset/…`) names no Region either."""
    standards_known: bool = True
    """False where the reader may not list which standards are enabled."""


async def discover(calls: Calls, account_id: str, region: str) -> HubFacts:
    """Ask for everything that HubFacts holds.

    Raises HubNotEnabled, AccessDenied (DescribeHub only), and Retryable: partial facts are never returned for
    a fault that passes.
    """
    hub = (await calls.call("DescribeHub")).body
    missing: list[str] = []
    members = await _members(calls, missing)
    administrator_id = await _administrator(calls, missing)
    central = None if administrator_id else await _central_configuration(calls, members, missing)
    standards = await read_standards(calls, missing)
    return HubFacts(
        account_id=account_id,
        region=region,
        administrator=bool(members) or central is not None,
        administrator_id=administrator_id,
        aggregation_region=await _aggregation_region(calls, region, missing),
        finding_format=hub.get("ControlFindingGenerator", ""),
        standards=standards or (),
        members={account_id: None, **dict.fromkeys(members)},
        central_configuration=central,
        missing=tuple(sorted(missing)),
        standards_known=standards is not None,
        partition=partition_of(hub.get("HubArn")) or partition_of_region(region),
    )


async def _members(calls: Calls, missing: list[str]) -> list[str]:
    """List the accounts that this one administers; none where it is no administrator."""
    try:
        members = await list_all(
            calls, "ListMembers", "Members", {"OnlyAssociated": True, "MaxResults": _MEMBERS}
        )
    except AccessDenied as error:
        if error.code != _NOT_THE_ADMINISTRATOR:
            missing.append(denied(error, "members without findings are not shown as silent"))
        return []
    except HubNotEnabled:
        # InvalidAccessException also means: this account administers nobody. DescribeHub has shown that
        # there is a hub.
        return []
    return [member["AccountId"] for member in members if member.get("AccountId")]


async def _administrator(calls: Calls, missing: list[str]) -> str | None:
    try:
        body = (await calls.call("GetAdministratorAccount")).body
    except AccessDenied as error:
        if error.code != _NOT_THE_ADMINISTRATOR:
            missing.append(denied(error, "whether another account administers this one is not known"))
        return None
    except Terminal as error:
        if error.code == _ABSENT:
            return None
        raise
    administrator = body.get("Administrator", {})
    # A relationship that was offered, or has ended, lets nobody administer (API reference, Invitation).
    if str(administrator.get("MemberStatus", "Enabled")).casefold() not in _ADMINISTERS:
        return None
    account_id: str | None = administrator.get("AccountId")
    return account_id


async def _central_configuration(calls: Calls, members: list[str], missing: list[str]) -> bool | None:
    """Tell whether central configuration is on; None where this account does not administer the organization.

    AWS answers everybody but the delegated administrator with a refusal, which is no lack of rights; IAM's
    own refusal reads differently.
    """
    try:
        body = (await calls.call("DescribeOrganizationConfiguration")).body
    except AccessDenied as error:
        if members and _IAM_REFUSES in error.message:
            missing.append(denied(error, "whether central configuration decides about controls is not known"))
        return None
    except HubNotEnabled:
        return None
    if body.get("MemberAccountLimitReached"):
        missing.append(
            "As many accounts as may be are members of this administrator: those that join the organization"
            " from now on are not seen. Ask AWS for a higher quota"
        )
    configuration = body.get("OrganizationConfiguration", {})
    if configuration.get("ConfigurationType") != "CENTRAL":
        return False
    # One that could not be brought about decides nothing (API reference, OrganizationConfiguration).
    failed = configuration.get("Status") == "FAILED"
    if failed:
        why = configuration.get("StatusMessage") or "AWS does not say why"
        missing.append(f"Central configuration could not be enabled and decides nothing: {why}")
    return not failed


async def _aggregation_region(calls: Calls, region: str, missing: list[str]) -> str | None:
    """Return where the findings of this Region and of others come together; None where they do not."""
    try:
        aggregators = await list_all(calls, "ListFindingAggregators", "FindingAggregators")
        if not aggregators:
            return None
        arn: str = aggregators[0]["FindingAggregatorArn"]
        body = (await calls.call("GetFindingAggregator", {"FindingAggregatorArn": arn})).body
    except AccessDenied as error:
        missing.append(denied(error, "whether Regions are aggregated is not known"))
        return None
    except Terminal as error:
        if error.code == _ABSENT:
            # It was deleted between the two calls.
            return None
        raise
    home: str | None = body.get("FindingAggregationRegion")
    return home if _takes_part(region, home, body) else None


def _takes_part(region: str, home: str | None, aggregator: Mapping[str, Any]) -> bool:
    """Tell whether findings of a Region are seen together with others: API reference, GetFindingAggregator.

    `Regions` are those that are linked, or those that are not. A mode that is not known links all of them.
    """
    mode, regions = aggregator.get("RegionLinkingMode"), aggregator.get("Regions") or []
    if mode == "NO_REGIONS":
        return False
    if region == home:
        return True
    return (region in regions) if mode == "SPECIFIED_REGIONS" else (region not in regions)
