"""The hub itself, cross-Region aggregation, members and the organization."""

from typing import Any

from sandbox.securityhub.accounts import Aggregator, Member
from sandbox.securityhub.catalogue import STANDARDS, partition_of
from sandbox.securityhub.clock import format_timestamp
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import conflict, invalid_access, invalid_input, not_found
from sandbox.securityhub.paging import paginate

Parameters = dict[str, Any]
LINKING_MODES = frozenset({"ALL_REGIONS", "ALL_REGIONS_EXCEPT_SPECIFIED", "SPECIFIED_REGIONS", "NO_REGIONS"})
MAX_ACCOUNTS = 50


def describe_hub(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Describe the caller's hub."""
    hub = context.hub
    if parameters.get("HubArn") not in (None, hub.arn):
        raise not_found(f"The hub {parameters['HubArn']} was not found")
    return {
        "HubArn": hub.arn,
        "SubscribedAt": format_timestamp(hub.subscribed_at),
        "AutoEnableControls": hub.auto_enable_controls,
        "ControlFindingGenerator": hub.control_finding_generator,
    }


def describe_security_hub_v2(context: Context, _parameters: Parameters) -> dict[str, Any]:
    """Describe the caller's plain Security Hub (the second version), which is on or off by itself."""
    account, region = context.caller[:2]
    subscribed = context.emulator.organization.second_hubs.get((account, region))
    if subscribed is None:
        raise not_found(f"Security Hub V2 is not enabled in account {account}")
    arn = f"arn:{partition_of(region)}:securityhub:{region}:{account}:hubv2/{account}"
    return {"HubV2Arn": arn, "SubscribedAt": format_timestamp(subscribed)}


def enable_security_hub(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Enable Security Hub, with the default standards unless told otherwise."""
    emulator, (account, region) = context.emulator, context.caller[:2]
    if emulator.organization.hub(account, region) is not None:
        raise conflict("Account is already subscribed to Security Hub")
    with_defaults = parameters.get("EnableDefaultStandards", True)
    standards = [path for path, it in STANDARDS.items() if it.enabled_by_default and with_defaults]
    hub = emulator.organization.enable(account, region, emulator.clock.now(), standards)
    hub.control_finding_generator = parameters.get("ControlFindingGenerator", "SECURITY_CONTROL")
    return {}


def disable_security_hub(context: Context, _parameters: Parameters) -> dict[str, Any]:
    """Disable Security Hub; standards and findings are kept aside for the case that it comes back."""
    context.hub.enabled = False
    return {}


def update_security_hub_configuration(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Change how the hub generates control findings, and whether new controls are on."""
    hub = context.hub
    hub.auto_enable_controls = parameters.get("AutoEnableControls", hub.auto_enable_controls)
    hub.control_finding_generator = parameters.get("ControlFindingGenerator", hub.control_finding_generator)
    return {}


def list_finding_aggregators(context: Context, parameters: Parameters) -> dict[str, Any]:
    """List the aggregator that concerns the caller: its own, or its administrator's."""
    _ = context.hub
    aggregator = context.emulator.organization.aggregator_of(context.caller.account)
    arns = [{"FindingAggregatorArn": aggregator.arn}] if aggregator else []
    return paginate(context, parameters, "FindingAggregators", arns)


def get_finding_aggregator(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Describe an aggregator."""
    return _described(_aggregator(context, parameters))


def _aggregator(context: Context, parameters: Parameters) -> Aggregator:
    _ = context.hub
    aggregator = context.emulator.organization.aggregator_of(context.caller.account)
    if aggregator is None or aggregator.arn != parameters["FindingAggregatorArn"]:
        raise not_found(f"The finding aggregator {parameters['FindingAggregatorArn']} was not found")
    return aggregator


def _described(aggregator: Aggregator) -> dict[str, Any]:
    return {
        "FindingAggregatorArn": aggregator.arn,
        "FindingAggregationRegion": aggregator.region,
        "RegionLinkingMode": aggregator.mode,
        "Regions": aggregator.regions,
    }


def create_finding_aggregator(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Make the caller's Region the aggregation Region. A member may not; there is one at most."""
    _ = context.hub
    organization, caller = context.emulator.organization, context.caller
    _check_linking(parameters)
    if organization.administrator_of(caller.account) is not None:
        raise invalid_access("Member accounts cannot manage finding aggregation")
    if caller.account in organization.aggregators:
        raise invalid_input("A finding aggregator exists already")
    mode, regions = parameters["RegionLinkingMode"], list(parameters.get("Regions") or [])
    organization.aggregators[caller.account] = Aggregator(caller.account, caller.region, mode, regions)
    return _described(organization.aggregators[caller.account])


def update_finding_aggregator(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Link other Regions."""
    aggregator = _own_aggregator(context, parameters)
    _check_linking(parameters)
    aggregator.mode = parameters["RegionLinkingMode"]
    aggregator.regions = list(parameters.get("Regions") or [])
    return _described(aggregator)


def delete_finding_aggregator(context: Context, parameters: Parameters) -> dict[str, Any]:
    """End aggregation."""
    aggregator = _own_aggregator(context, parameters)
    del context.emulator.organization.aggregators[aggregator.account]
    return {}


def _own_aggregator(context: Context, parameters: Parameters) -> Aggregator:
    aggregator = _aggregator(context, parameters)
    if (aggregator.account, aggregator.region) != (context.caller.account, context.caller.region):
        raise invalid_access("Only the administrator can do this, in the aggregation Region")
    return aggregator


def _check_linking(parameters: Parameters) -> None:
    mode = parameters["RegionLinkingMode"]
    if mode not in LINKING_MODES:
        raise invalid_input(
            f"Invalid parameter 'RegionLinkingMode'. {mode!r} is none of {sorted(LINKING_MODES)}"
        )
    needs_regions = mode in {"ALL_REGIONS_EXCEPT_SPECIFIED", "SPECIFIED_REGIONS"}
    if needs_regions != bool(parameters.get("Regions")):
        raise invalid_input(f"Invalid parameter 'Regions'. RegionLinkingMode is {mode}")


def list_members(context: Context, parameters: Parameters) -> dict[str, Any]:
    """List the caller's members: the associated ones unless asked for all."""
    _ = context.hub
    members = context.emulator.organization.members_of(context.caller.account)
    if parameters.get("OnlyAssociated", True):
        members = [member for member in members if member.status == "Enabled"]
    limited = {**parameters, "MaxResults": parameters.get("MaxResults") or MAX_ACCOUNTS}
    return paginate(context, limited, "Members", [_member(it) for it in members])


def get_members(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Describe members by account id."""
    _ = context.hub
    members = {it.account: it for it in context.emulator.organization.members_of(context.caller.account)}
    found, missing = [], []
    for account in parameters["AccountIds"]:
        if account in members:
            found.append(_member(members[account]))
        else:
            missing.append({"AccountId": account, "ProcessingResult": "The account is no member"})
    return {"Members": found, "UnprocessedAccounts": missing}


def _member(member: Member) -> dict[str, Any]:
    return {
        "AccountId": member.account,
        "Email": member.email,
        "MasterId": member.administrator,
        "AdministratorId": member.administrator,
        "MemberStatus": member.status,
        "InvitedAt": format_timestamp(member.since),
        "UpdatedAt": format_timestamp(member.since),
    }


def get_administrator_account(context: Context, _parameters: Parameters) -> dict[str, Any]:
    """Name the caller's administrator; nothing where it has none."""
    invitation = _invitation(context)
    return {"Administrator": invitation} if invitation else {}


def get_master_account(context: Context, _parameters: Parameters) -> dict[str, Any]:
    """Name the caller's administrator under the old name."""
    invitation = _invitation(context)
    return {"Master": invitation} if invitation else {}


def _invitation(context: Context) -> dict[str, Any] | None:
    _ = context.hub
    member = context.emulator.organization.members.get(context.caller.account)
    if member is None:
        return None
    return {
        "AccountId": member.administrator,
        "InvitedAt": format_timestamp(member.since),
        "MemberStatus": member.status,
    }


def describe_organization_configuration(context: Context, _parameters: Parameters) -> dict[str, Any]:
    """Describe how the organization is configured; only the administrator may ask."""
    _ = context.hub
    organization = context.emulator.organization
    if organization.administrator != context.caller.account:
        raise invalid_access("The account is not the Security Hub administrator of an organization")
    central = organization.configuration_type == "CENTRAL"
    configuration = {
        "ConfigurationType": organization.configuration_type,
        "Status": organization.configuration_status if central else "ENABLED",
    }
    if organization.status_message is not None:
        configuration["StatusMessage"] = organization.status_message
    return {
        "AutoEnable": organization.auto_enable and not central,
        "MemberAccountLimitReached": organization.member_limit_reached,
        "AutoEnableStandards": "NONE" if central else organization.auto_enable_standards,
        "OrganizationConfiguration": configuration,
    }


def list_organization_admin_accounts(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Name the organization's administrator to the management account, which alone may ask."""
    organization = context.emulator.organization
    if organization.management != context.caller.account:
        raise invalid_access("The account is not the management account of an organization")
    administrator = organization.administrator
    accounts = [{"AccountId": administrator, "Status": "ENABLED"}] if administrator else []
    return paginate(context, parameters, "AdminAccounts", accounts)
