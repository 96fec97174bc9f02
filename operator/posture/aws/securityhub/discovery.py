"""What a hub is: whose, with which standards and controls, for which members and Regions.

Only DescribeHub must be allowed. Every other call that is denied leaves its part unknown, never guessed, and
is named with what its lack costs.
"""

from collections.abc import Awaitable, Mapping
from typing import NamedTuple, TypeVar

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AccessDenied, AwsError
from posture.aws.client.paging import denied
from posture.aws.securityhub.setup import (
    NO_MEMBERS,
    read_administrator,
    read_joining,
    read_linking,
    read_management,
    read_members,
    read_second_version,
    why_untold,
)
from posture.aws.securityhub.standards import read_standards
from posture.domain.arns import partition_of, partition_of_region
from posture.domain.setup.facts import HubSetup, Joining, Linking, SetupPart, Untold
from posture.domain.standards import Standard

_NO_REGIONS = "NO_REGIONS"
_PATIENCE = 15.0
"""Seconds for which throttling of what is only told is waited out."""
_T = TypeVar("_T")


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
    setup: HubSetup | None = None
    """How it is set up; None where that was not asked, as by a version before this."""


async def discover(calls: Calls, account_id: str, region: str) -> HubFacts:
    """Ask for everything that HubFacts holds.

    Raises HubNotEnabled, AccessDenied (DescribeHub only), and Retryable: partial facts are never returned for
    a fault that passes.
    """
    hub = (await calls.call("DescribeHub")).body
    heard = _Heard()
    members = (
        await heard.unless_denied(
            SetupPart.MEMBERS, read_members(calls), "members without findings are not shown as silent"
        )
        or NO_MEMBERS
    )
    administrator_id = await heard.unless_denied(
        SetupPart.ADMINISTRATOR,
        read_administrator(calls),
        "whether another account administers this one is not known",
    )
    joining = None
    if administrator_id is None:
        joining = await heard.unless_denied(
            SetupPart.JOINING,
            read_joining(calls),
            # To whoever administers nobody the refusal costs nothing.
            "whether central configuration decides about controls is not known"
            if members.administered
            else "",
        )
    heard.missing += _of_organization(joining)
    standards = await read_standards(calls, heard.missing)
    linking = await heard.unless_denied(
        SetupPart.LINKING, read_linking(calls), "whether Regions are aggregated is not known"
    )
    administrator = bool(members.administered) or joining is not None
    setup = HubSetup(
        auto_enable_controls=hub.get("AutoEnableControls"),
        administers=None if SetupPart.MEMBERS in heard.untold and joining is None else administrator,
        administrator_id=administrator_id,
        management=await heard.unless_failed(
            SetupPart.MANAGEMENT, read_management(calls, patience=_PATIENCE)
        ),
        joining=joining,
        linking=linking,
        second_version=await heard.unless_failed(
            SetupPart.SECOND_VERSION, read_second_version(calls, patience=_PATIENCE)
        ),
        apart=members.apart,
        untold=heard.untold,
    )
    return HubFacts(
        account_id=account_id,
        region=region,
        administrator=administrator,
        administrator_id=administrator_id,
        aggregation_region=None if linking is None else _aggregation_region(region, linking),
        finding_format=hub.get("ControlFindingGenerator", ""),
        standards=standards or (),
        members={account_id: None, **dict.fromkeys(members.administered)},
        central_configuration=None if joining is None else joining.central not in {"", "FAILED"},
        missing=tuple(sorted(heard.missing)),
        standards_known=standards is not None,
        partition=partition_of(hub.get("HubArn")) or partition_of_region(region),
        setup=setup,
    )


class _Heard:
    """What cannot be seen: as advice, and by part of the set-up."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.untold: dict[str, Untold] = {}

    async def unless_denied(self, part: SetupPart, answer: Awaitable[_T], cost: str) -> _T | None:
        """Return an answer; None where it is denied. `cost`: what that costs; empty: nothing."""
        try:
            return await answer
        except AccessDenied as error:
            self.untold[part] = why_untold(error)
            if cost:
                self.missing.append(denied(error, cost))
            return None

    async def unless_failed(self, part: SetupPart, answer: Awaitable[_T]) -> _T | None:
        """Return an answer that is only told: a hub does not wait for one that cannot be had."""
        try:
            return await answer
        except AwsError as error:
            self.untold[part] = why_untold(error)
            return None


def _of_organization(joining: Joining | None) -> list[str]:
    """Return what the organization's administrator should know."""
    if joining is None:
        return []
    missing = []
    if joining.full:
        missing.append(
            "As many accounts as may be are members of this administrator: those that join the organization"
            " from now on are not seen. Ask AWS for a higher quota"
        )
    # One that could not be brought about decides nothing (API reference, OrganizationConfiguration).
    if joining.central == "FAILED":
        why = joining.why_failed or "AWS does not say why"
        missing.append(f"Central configuration could not be enabled and decides nothing: {why}")
    return missing


def _aggregation_region(region: str, linking: Linking) -> str | None:
    """Return where the findings of this Region and of others come together; None where they do not.

    API reference, GetFindingAggregator: `Regions` are those that are linked, or those that are not. A mode
    that is not known links all of them.
    """
    if linking.mode == _NO_REGIONS:
        return None
    named = region in linking.regions
    linked = named if linking.mode == "SPECIFIED_REGIONS" else not named
    return linking.home if linked or region == linking.home else None
