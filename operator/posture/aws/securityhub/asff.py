"""The few fields of ASFF that are read, as msgspec structs: everything else in a finding is skipped unread.

All are optional here, so that a finding that lacks one is still a finding; what a lack means is decided where
the structs are read (`wire`). Names are ASFF's, in Python's spelling.
"""

from msgspec import Struct, field


class AssociatedStandard(Struct, frozen=True, gc=False, rename="pascal"):
    """`Compliance.AssociatedStandards[]`: `standards/aws-foundational-security-best-practices/v/1.0.0`."""

    standards_id: str | None = None


class ControlParameter(Struct, frozen=True, gc=False, rename="pascal"):
    """`Compliance.SecurityControlParameters[]`: a parameter of the control, with the values in force."""

    name: str | None = None
    value: tuple[str, ...] | None = None


class ComplianceFields(Struct, gc=False, rename="pascal"):
    """`Compliance`."""

    status: str | None = None
    security_control_id: str | None = None
    associated_standards: tuple[AssociatedStandard, ...] | None = None
    security_control_parameters: tuple[ControlParameter, ...] | None = None


class ProductFields(Struct, frozen=True, gc=False, rename="pascal"):
    """`ProductFields`, as far as classic control findings use them."""

    standards_arn: str | None = None
    standards_guide_arn: str | None = None
    control_id: str | None = None
    rule_id: str | None = None
    product_name: str | None = field(default=None, name="aws/securityhub/ProductName")


class SeverityFields(Struct, gc=False, rename="pascal"):
    """`Severity`; `normalized` (0 to 100) is what `label` replaced."""

    label: str | None = None
    normalized: float | None = None


class WorkflowFields(Struct, gc=False, rename="pascal"):
    """`Workflow`."""

    status: str | None = None


class NoteFields(Struct, gc=False, rename="pascal"):
    """`Note`."""

    text: str | None = None
    updated_by: str | None = None


class ResourceFields(Struct, gc=False, rename="pascal"):
    """`Resources[]`."""

    type: str | None = None
    id: str | None = None
    tags: dict[str, str] | None = None


class FindingFields(Struct, gc=False, rename="pascal"):
    """One finding of GetFindings."""

    id: str | None = None
    product_arn: str | None = None
    aws_account_id: str | None = None
    updated_at: str | None = None
    created_at: str | None = None
    first_observed_at: str | None = None
    generator_id: str | None = None
    product_name: str | None = None
    aws_account_name: str | None = None
    region: str | None = None
    title: str | None = None
    record_state: str | None = None
    compliance: ComplianceFields | None = None
    severity: SeverityFields | None = None
    workflow: WorkflowFields | None = None
    note: NoteFields | None = None
    product_fields: ProductFields | None = None
    user_defined_fields: dict[str, str] | None = None
    resources: tuple[ResourceFields, ...] | None = None
