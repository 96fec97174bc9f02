"""Reads how a hub is set up, a function a call. Each raises AwsError where AWS does not answer it.

AWS answers whoever is not the administrator, or not the management account, with a refusal, which is no lack
of rights: IAM's own refusal reads differently.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from posture.aws.client.calls import PATIENCE, Calls
from posture.aws.client.errors import AccessDenied, AwsError, HubNotEnabled, Terminal
from posture.aws.client.paging import list_all
from posture.domain.setup.facts import Joining, Linking, Untold

ABSENT = "ResourceNotFoundException"
_NOT_THE_ADMINISTRATOR = "InvalidAccessException"
_IAM_REFUSES = "not authorized to perform"
# ListMembers gives 50 a page at most (API reference).
_MEMBERS = 50
_ADMINISTERS = frozenset({"enabled", "associated"})


class KnownMembers(NamedTuple):
    """The accounts that an administrator knows."""

    administered: tuple[str, ...]
    apart: Mapping[str, str]
    """MemberStatus of those that it does not administer (any more), by id."""


NO_MEMBERS = KnownMembers((), {})


async def read_members(calls: Calls, *, patience: float = PATIENCE) -> KnownMembers:
    """List the accounts that this one administers, and those that it knows besides."""
    try:
        listed = await list_all(
            calls,
            "ListMembers",
            "Members",
            {"OnlyAssociated": False, "MaxResults": _MEMBERS},
            patience=patience,
        )
    except AwsError as error:
        # DescribeHub has shown that there is a hub.
        if is_no_administrator(error):
            return NO_MEMBERS
        raise
    members = {each["AccountId"]: str(each.get("MemberStatus", "Enabled")) for each in listed if _named(each)}
    return KnownMembers(
        tuple(account for account, status in members.items() if _administers(status)),
        {account: status for account, status in members.items() if not _administers(status)},
    )


async def read_administrator(calls: Calls, *, patience: float = PATIENCE) -> str | None:
    """Return the account that administers this one; None where none does."""
    try:
        body = (await calls.call("GetAdministratorAccount", patience=patience)).body
    except AccessDenied as error:
        if error.code == _NOT_THE_ADMINISTRATOR:
            return None
        raise
    except Terminal as error:
        if error.code == ABSENT:
            return None
        raise
    administrator = body.get("Administrator") or {}
    # A relationship that was offered, or has ended, lets nobody administer (API reference, Invitation).
    if not _administers(str(administrator.get("MemberStatus", "Enabled"))):
        return None
    account_id: str | None = administrator.get("AccountId")
    return account_id


async def read_joining(calls: Calls, *, patience: float = PATIENCE) -> Joining | None:
    """Return what becomes of accounts that join; None where this account is not the administrator of all."""
    try:
        body = (await calls.call("DescribeOrganizationConfiguration", patience=patience)).body
    except AccessDenied as error:
        if _IAM_REFUSES in error.message:
            raise
        return None
    except HubNotEnabled:
        return None
    organization = body.get("OrganizationConfiguration") or {}
    central = organization.get("ConfigurationType") == "CENTRAL"
    return Joining(
        members=bool(body.get("AutoEnable")),
        standards=body.get("AutoEnableStandards") != "NONE",
        central=str(organization.get("Status") or "ENABLED") if central else "",
        why_failed=str(organization.get("StatusMessage") or ""),
        full=bool(body.get("MemberAccountLimitReached")),
    )


async def read_linking(calls: Calls, *, patience: float = PATIENCE) -> Linking | None:
    """Return which Regions are aggregated where; None where there is no aggregator."""
    aggregators = await list_all(calls, "ListFindingAggregators", "FindingAggregators", patience=patience)
    if not aggregators:
        return None
    asked = {"FindingAggregatorArn": aggregators[0]["FindingAggregatorArn"]}
    try:
        body = (await calls.call("GetFindingAggregator", asked, patience=patience)).body
    except Terminal as error:
        # It was deleted between the two calls.
        if error.code == ABSENT:
            return None
        raise
    home, mode = body.get("FindingAggregationRegion"), body.get("RegionLinkingMode")
    return Linking(str(home), str(mode or ""), tuple(body.get("Regions") or ())) if home else None


async def read_management(calls: Calls, *, patience: float = PATIENCE) -> bool:
    """Tell whether this is the management account of its organization, who alone may list administrators."""
    try:
        await calls.call("ListOrganizationAdminAccounts", patience=patience)
    except AwsError as error:
        if is_no_administrator(error):
            return False
        raise
    return True


async def read_second_version(calls: Calls, *, patience: float = PATIENCE) -> bool:
    """Tell whether Security Hub V2 is on in this account and Region."""
    try:
        await calls.call("DescribeSecurityHubV2", patience=patience)
    except Terminal as error:
        if error.code == ABSENT:
            return False
        raise
    return True


def why_untold(error: AwsError) -> Untold:
    """Return why a part was not told."""
    said = f"{error.service}:{error.operation}: {error.code}: {error.message}"
    return Untold(f"not permitted: {said}" if isinstance(error, AccessDenied) else said, error.advice)


def is_no_administrator(error: AwsError) -> bool:
    """Whether this is AWS's answer to an account that administers none, and no lack of rights."""
    return error.code == _NOT_THE_ADMINISTRATOR or isinstance(error, HubNotEnabled)


def _administers(status: str) -> bool:
    return status.casefold() in _ADMINISTERS


def _named(member: Mapping[str, Any]) -> bool:
    return bool(member.get("AccountId"))
