"""Standards, security controls and the associations of the two."""

from collections.abc import Iterable
from typing import Any

from sandbox.securityhub.accounts import Association, Hub, security_control
from sandbox.securityhub.catalogue import CONTROLS, STANDARDS, Control, Standard, standard_of_arn
from sandbox.securityhub.clock import format_timestamp
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import invalid_input, not_found
from sandbox.securityhub.paging import paginate

Parameters = dict[str, Any]
MAX_BATCH = 100


def describe_standards(context: Context, parameters: Parameters) -> dict[str, Any]:
    """List all standards that exist."""
    region = context.hub.region
    standards = [
        {
            "StandardsArn": standard.arn(region),
            "Name": standard.name,
            "Description": f"{standard.name}: automated checks of Security Hub.",
            "EnabledByDefault": standard.enabled_by_default,
            "Provider": standard.provider,
            "StandardsManagedBy": {"Company": "AWS", "Product": "AWS Security Hub"},
        }
        for standard in STANDARDS.values()
        if _of_providers(parameters, standard.provider)
    ]
    return paginate(context, parameters, "Standards", standards)


def _of_providers(parameters: Parameters, provider: str) -> bool:
    """Tell whether the cloud is among those asked for; without any, all are."""
    return provider in (parameters.get("Providers") or [provider])


def get_enabled_standards(context: Context, parameters: Parameters) -> dict[str, Any]:
    """List the standards subscribed to."""
    hub, wanted = context.hub, parameters.get("StandardsSubscriptionArns")
    subscriptions = [
        _subscription(hub, standard, "READY")
        for standard in hub.enabled_standards()
        if _of_providers(parameters, standard.provider)
    ]
    if wanted is not None:
        subscriptions = [it for it in subscriptions if it["StandardsSubscriptionArn"] in wanted]
    return paginate(context, parameters, "StandardsSubscriptions", subscriptions)


def _subscription(hub: Hub, standard: Standard, status: str) -> dict[str, Any]:
    return {
        "StandardsSubscriptionArn": standard.subscription_arn(hub.account, hub.region),
        "StandardsArn": standard.arn(hub.region),
        "StandardsInput": {},
        "StandardsStatus": status,
        "StandardsControlsUpdatable": "READY_FOR_UPDATES",
        "Provider": standard.provider,
    }


def batch_enable_standards(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Subscribe to standards; all controls of each are on afterwards."""
    hub = context.hub
    standards = [
        _named_standard(hub, request["StandardsArn"])
        for request in parameters["StandardsSubscriptionRequests"]
    ]
    for standard in standards:
        hub.subscribe(standard.path)
    return {"StandardsSubscriptions": [_subscription(hub, standard, "PENDING") for standard in standards]}


def batch_disable_standards(context: Context, parameters: Parameters) -> dict[str, Any]:
    """End subscriptions."""
    hub = context.hub
    standards = [_subscribed(hub, arn) for arn in parameters["StandardsSubscriptionArns"]]
    for standard in standards:
        hub.unsubscribe(standard.path)
    return {"StandardsSubscriptions": [_subscription(hub, standard, "DELETING") for standard in standards]}


def _named_standard(hub: Hub, arn: str) -> Standard:
    standard = standard_of_arn(arn)
    if standard is None or standard.arn(hub.region) != arn:
        raise invalid_input(f"Invalid parameter 'StandardsArn'. {arn} is no standard of this Region")
    return standard


def _subscribed(hub: Hub, arn: str) -> Standard:
    for standard in hub.enabled_standards():
        if standard.subscription_arn(hub.account, hub.region) == arn:
            return standard
    raise not_found(f"The standards subscription {arn} was not found")


def describe_standards_controls(context: Context, parameters: Parameters) -> dict[str, Any]:
    """List the controls of a standard subscribed to, each under the standard's number."""
    hub = context.hub
    standard = _subscribed(hub, parameters["StandardsSubscriptionArn"])
    controls = [
        _standards_control(hub, standard, number, control) for number, control in standard.by_number().items()
    ]
    return paginate(context, parameters, "Controls", controls)


def _standards_control(hub: Hub, standard: Standard, number: str, control: Control) -> dict[str, Any]:
    association = hub.association(standard.path, control.id)
    described = {
        "StandardsControlArn": standard.control_arn(hub.account, hub.region, number),
        "ControlStatus": "ENABLED" if association.enabled else "DISABLED",
        "ControlStatusUpdatedAt": format_timestamp(association.updated or hub.subscribed_at),
        "ControlId": f"CIS.{number}" if standard.path.startswith("cis-") else number,
        "Title": control.title,
        "Description": control.description,
        "RemediationUrl": control.remediation_url,
        "SeverityRating": control.severity,
        "RelatedRequirements": control.related_requirements(standard.path),
    }
    if not association.enabled:
        described["DisabledReason"] = association.reason or "Disabled"
    return described


def update_standards_control(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Turn one control of one standard on or off: the older call."""
    hub, arn = context.hub, parameters["StandardsControlArn"]
    standard, control = _control_of_arn(hub, arn)
    status, reason = parameters.get("ControlStatus"), parameters.get("DisabledReason")
    if status == "DISABLED" and not reason:
        raise invalid_input("Invalid parameter 'DisabledReason'. It is required to disable a control")
    if status is not None:
        _associate(context, hub, standard, control, enabled=status == "ENABLED", reason=reason)
    return {}


def _control_of_arn(hub: Hub, arn: str) -> tuple[Standard, Control]:
    for standard in hub.enabled_standards():
        for number, control in standard.by_number().items():
            if standard.control_arn(hub.account, hub.region, number) == arn:
                return standard, control
    raise not_found(f"The control {arn} was not found")


def list_security_control_definitions(context: Context, parameters: Parameters) -> dict[str, Any]:
    """List the controls of one standard, or of all."""
    hub, arn = context.hub, parameters.get("StandardsArn")
    controls: Iterable[Control] = _named_standard(hub, arn).controls() if arn else CONTROLS.values()
    definitions = [
        {**_described(control), "CurrentRegionAvailability": "AVAILABLE", "CustomizableProperties": []}
        for control in controls
        if _of_providers(parameters, control.provider)
    ]
    return paginate(context, parameters, "SecurityControlDefinitions", definitions)


def _described(control: Control) -> dict[str, Any]:
    return {
        "SecurityControlId": control.id,
        "Title": control.title,
        "Description": control.description,
        "RemediationUrl": control.remediation_url,
        "SeverityRating": control.severity,
        "Provider": control.provider,
    }


def batch_get_security_controls(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Describe up to 100 controls, and say whether each is on in any standard."""
    hub = context.hub
    found, missing = [], []
    for control_id in _at_most(MAX_BATCH, parameters["SecurityControlIds"], "SecurityControlIds"):
        control = security_control(control_id)
        if control is None:
            missing.append({"SecurityControlId": control_id, "ErrorCode": "NOT_FOUND"})
            continue
        found.append(
            {
                **_described(control),
                "SecurityControlArn": control.arn(hub.account, hub.region),
                "SecurityControlStatus": "ENABLED" if hub.is_control_on(control) else "DISABLED",
                "UpdateStatus": "READY",
                "Parameters": {},
            }
        )
    return {"SecurityControls": found, "UnprocessedIds": missing}


def _at_most(limit: int, items: list[Any], name: str) -> list[Any]:
    if not 1 <= len(items) <= limit:
        raise invalid_input(f"Invalid parameter '{name}'. data must have a size of 1 to {limit}")
    return items


def list_standards_control_associations(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Say for each standard subscribed to whether a control is on there."""
    hub, control = context.hub, security_control(parameters["SecurityControlId"])
    if control is None:
        raise invalid_input("Invalid parameter 'SecurityControlId'. There is no such control")
    summaries = [
        _association(hub, standard, control)
        for standard in hub.enabled_standards()
        if standard.path in control.numbers
    ]
    return paginate(context, parameters, "StandardsControlAssociationSummaries", summaries)


def _association(hub: Hub, standard: Standard, control: Control) -> dict[str, Any]:
    association = hub.association(standard.path, control.id)
    described = {
        "StandardsArn": standard.arn(hub.region),
        "SecurityControlId": control.id,
        "SecurityControlArn": control.arn(hub.account, hub.region),
        "AssociationStatus": "ENABLED" if association.enabled else "DISABLED",
        "RelatedRequirements": control.related_requirements(standard.path),
        "UpdatedAt": format_timestamp(association.updated or hub.subscribed_at),
        "StandardsControlTitle": control.title,
        "StandardsControlDescription": control.description,
    }
    if association.reason is not None:
        described["UpdatedReason"] = association.reason
    return described


def batch_get_standards_control_associations(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Say of up to 100 pairs of control and standard whether the control is on, and its numbers there."""
    hub = context.hub
    name = "StandardsControlAssociationIds"
    details, missing = [], []
    pairs = _at_most(MAX_BATCH, parameters[name], name)
    forced = _forced(context, pairs)
    for pair in pairs:
        if failure := forced.get(pair["SecurityControlId"]):
            code, reason = failure
            missing.append({"StandardsControlAssociationId": pair, "ErrorCode": code, "ErrorReason": reason})
            continue
        found = _pair(hub, pair)
        if isinstance(found, str):
            missing.append({"StandardsControlAssociationId": pair, "ErrorCode": found})
            continue
        standard, control = found
        arns = [
            standard.control_arn(hub.account, hub.region, number) for number in control.numbers[standard.path]
        ]
        details.append({**_association(hub, standard, control), "StandardsControlArns": arns})
    return {"StandardsControlAssociationDetails": details, "UnprocessedAssociations": missing}


def _pair(hub: Hub, pair: dict[str, str]) -> tuple[Standard, Control] | str:
    """Return the standard and control of a pair, or the error code that tells what is wrong."""
    standard, control = standard_of_arn(pair["StandardsArn"]), security_control(pair["SecurityControlId"])
    if standard is None or standard.arn(hub.region) != pair["StandardsArn"]:
        return "INVALID_INPUT"
    if control is None or standard.path not in control.numbers:
        return "NOT_FOUND"
    if standard.path not in hub.standards:
        return "RESOURCE_NOT_FOUND"
    return standard, control


def batch_update_standards_control_associations(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Turn up to 100 controls on or off; the pairs that cannot be are told one by one."""
    hub = context.hub
    name = "StandardsControlAssociationUpdates"
    refused = []
    updates = _at_most(MAX_BATCH, parameters[name], name)
    forced = _forced(context, updates)
    for update in updates:
        if failure := forced.get(update["SecurityControlId"]):
            refused.append(_refusal(update, *failure))
            continue
        found = _pair(hub, update)
        reason = update.get("UpdatedReason")
        if context.emulator.organization.configuration_type == "CENTRAL":
            refused.append(_refusal(update, "ACCESS_DENIED", "The account is centrally managed."))
        elif isinstance(found, str):
            refused.append(_refusal(update, found, "The control is not in an enabled standard."))
        elif update["AssociationStatus"] == "DISABLED" and not reason:
            refused.append(_refusal(update, "INVALID_INPUT", "UpdatedReason is required."))
        else:
            enabled = update["AssociationStatus"] == "ENABLED"
            _associate(context, hub, *found, enabled=enabled, reason=reason)
    return {"UnprocessedAssociationUpdates": refused}


def _forced(context: Context, pairs: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return by control what a fault has left out, and the code and reason that are given."""
    fault = context.fault("unprocessed")
    if fault is None:
        return {}
    options = fault.options
    named = [each["SecurityControlId"] for each in pairs]
    meant = [each for each in named if options.get("ids") is None or each in options["ids"]]
    failure = options.get("code", "LIMIT_EXCEEDED"), options.get("message", "Too many at once.")
    return dict.fromkeys(meant[: options.get("controls", 1)], failure)


def _refusal(update: dict[str, Any], code: str, reason: str) -> dict[str, Any]:
    return {"StandardsControlAssociationUpdate": update, "ErrorCode": code, "ErrorReason": reason}


def _associate(
    context: Context, hub: Hub, standard: Standard, control: Control, *, enabled: bool, reason: str | None
) -> None:
    now = context.emulator.clock.now()
    hub.associate(standard.path, control.id, Association(enabled, reason, now))
