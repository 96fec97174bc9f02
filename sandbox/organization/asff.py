"""Findings in ASFF as Security Hub and other products write them, in shape and in size."""

from typing import Any, NamedTuple

from sandbox.securityhub.catalogue import NORMALIZED_SEVERITY, STANDARDS, Control, partition_of

Asff = dict[str, Any]


class Occurrence(NamedTuple):
    """One check of one resource: where, how it went, when (ISO 8601, UTC) and what became of it."""

    account_id: str
    account_name: str
    region: str
    resource_type: str
    resource_id: str
    compliance: str
    workflow: str
    record_state: str
    created_at: str
    updated_at: str
    unique: str
    resources: int
    tags: dict[str, str]


def product_arn(region: str, product: str) -> str:
    """Return the ARN of one of AWS's own products (`securityhub`, `guardduty`, `inspector`, ...)."""
    return f"arn:{partition_of(region)}:securityhub:{region}::product/aws/{product}"


def consolidated(control: Control, standards: tuple[str, ...], seen: Occurrence, *, odd_case: bool) -> Asff:
    """Return a consolidated control finding (ControlFindingGenerator SECURITY_CONTROL)."""
    generator = f"security-control/{control.id.lower() if odd_case else control.id}"
    finding = _finding(control, seen, generator)
    finding["Id"] = f"{_hub(seen)}:{generator}/finding/{seen.unique}"
    finding["Compliance"] |= {
        "SecurityControlId": control.id,
        "AssociatedStandards": [
            {"StandardsId": f"{STANDARDS[name].kind}/{name}"} for name in standards if name in control.numbers
        ],
    }
    return finding


def classic(control: Control, standard: str, number: str, seen: Occurrence, *, tied: bool) -> Asff:
    """Return a finding of one standard (STANDARD_CONTROL); `tied`: it names its security control too."""
    generator = STANDARDS[standard].generator_id(number, seen.region)
    finding = _finding(control, seen, generator)
    finding["Id"] = f"{_hub(seen)}:subscription/{standard}/{number}/finding/{seen.unique}"
    arn = STANDARDS[standard].arn(seen.region)
    if STANDARDS[standard].kind == "ruleset":
        finding["ProductFields"] |= {"StandardsGuideArn": arn, "RuleId": number}
    else:
        number = STANDARDS[standard].prefix + number
        finding["ProductFields"] |= {"StandardsArn": arn, "ControlId": number}
    if tied:
        finding["Compliance"] |= {
            "SecurityControlId": control.id,
            "AssociatedStandards": [{"StandardsId": f"{STANDARDS[standard].kind}/{standard}"}],
        }
    return finding


def of_product(product: str, name: str, type_: str, severity: str, seen: Occurrence) -> Asff:
    """Return a finding of another AWS product, which has no Compliance."""
    arn = f"arn:{partition_of(seen.region)}"
    return {
        **_frame(seen, severity),
        "Id": f"{arn}:{product}:{seen.region}:{seen.account_id}:finding/{seen.unique}",
        "ProductArn": product_arn(seen.region, product),
        "ProductName": name,
        "GeneratorId": f"aws/{product}",
        "Title": f"{name} reports {type_.rpartition('/')[2]}",
        "Description": f"{name} found something of type {type_} at {seen.resource_id}. " + _PADDING,
        "Types": [type_],
        "ProductFields": {"aws/securityhub/ProductName": name, "aws/securityhub/CompanyName": "Amazon"},
    }


def forged(control: Control, seen: Occurrence) -> Asff:
    """Return what anyone with BatchImportFindings can write: a control's GeneratorId, not its product."""
    finding = _finding(control, seen, f"security-control/{control.id}")
    finding["Id"] = f"custom/{seen.unique}"
    finding["ProductArn"] = (
        f"arn:{partition_of(seen.region)}:securityhub:{seen.region}:{seen.account_id}:product/{seen.account_id}/default"
    )
    finding["ProductName"] = "Default"
    finding["Compliance"]["SecurityControlId"] = control.id
    return finding


_PADDING = (
    "The check runs against the configuration that is recorded for the resource, and its result is kept up "
    "to date for as long as the resource exists and the control is on. "
) * 3


def _hub(seen: Occurrence) -> str:
    return f"arn:{partition_of(seen.region)}:securityhub:{seen.region}:{seen.account_id}"


def _frame(seen: Occurrence, severity: str) -> Asff:
    return {
        "SchemaVersion": "2018-10-08",
        "AwsAccountId": seen.account_id,
        "AwsAccountName": seen.account_name,
        "Region": seen.region,
        "CompanyName": "AWS",
        "FirstObservedAt": seen.created_at,
        "LastObservedAt": seen.updated_at,
        "CreatedAt": seen.created_at,
        "UpdatedAt": seen.updated_at,
        "ProcessedAt": seen.updated_at,
        "Severity": {"Label": severity, "Normalized": NORMALIZED_SEVERITY[severity], "Original": severity},
        "WorkflowState": "NEW",
        "Workflow": {"Status": seen.workflow},
        "RecordState": seen.record_state,
        "Resources": _resources(seen),
    }


def _resources(seen: Occurrence) -> list[Asff]:
    place = {"Type": seen.resource_type, "Partition": partition_of(seen.region), "Region": seen.region}
    details = {"Other": {"configuration": _PADDING, "recordedAt": seen.updated_at}}
    first = {"Id": seen.resource_id, **place, "Tags": seen.tags, "Details": details}
    return [first, *({"Id": f"{seen.resource_id}/part-{part}", **place} for part in range(1, seen.resources))]


def _finding(control: Control, seen: Occurrence, generator: str) -> Asff:
    severity = "INFORMATIONAL" if seen.compliance == "PASSED" else control.severity
    # Security Hub renamed itself: some findings still carry the older name.
    product = "Security Hub CSPM" if int(seen.account_id) % 2 else "Security Hub"
    compliance: Asff = {"Status": seen.compliance}
    if seen.compliance in {"WARNING", "NOT_AVAILABLE"}:
        compliance["StatusReasons"] = [
            {
                "ReasonCode": "CONFIG_EVALUATIONS_EMPTY",
                "Description": "AWS Config has no result for the resource.",
            }
        ]
    return {
        **_frame(seen, severity),
        "ProductArn": product_arn(seen.region, "securityhub"),
        "ProductName": product,
        "GeneratorId": generator,
        "Title": control.title,
        "Description": f"{control.description} {_PADDING}",
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "Remediation": {
            "Recommendation": {
                "Text": "How to correct this is said in the documentation of the control.",
                "Url": control.remediation_url,
            }
        },
        "ProductFields": {
            "RelatedAWSResources:0/name": f"securityhub-{control.id.lower()}-{seen.unique[:8]}",
            "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
            "aws/securityhub/ProductName": product,
            "aws/securityhub/CompanyName": "AWS",
            "aws/securityhub/FindingId": f"{product_arn(seen.region, 'securityhub')}/{seen.unique}",
            "Resources:0/Id": seen.resource_id,
        },
        "FindingProviderFields": {
            "Severity": {"Label": severity, "Original": severity},
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        },
        "Compliance": compliance,
    }
