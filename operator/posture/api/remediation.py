"""Remediation: one entry of the write-ahead journal, made only by the operator."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StrictBool, WithJsonSchema

from posture.api.action import RuleAction
from posture.api.model import Spec
from posture.api.resource import AGE, Column, CustomResource, ImmutableTargetRef, Status, condition_column
from posture.api.shapes import CelRule, Immutable, Shape
from posture.api.types import AccountId, ObjectName, Past, Region, RoleName, Text, Word, bounded

COMPLETE: Final = "Complete"
MAX_FINDINGS = 20
MAX_WRITES = 100
"""Things that are wrong in one resource, and that one remediation puts right."""

PlanHash = Annotated[
    str, Shape(r"[0-9a-f]{16,64}", "write the planHash of the plan: 16 to 64 of 0-9, a-f", 64)
]
# Those of identity providers are long: an issuer's address before the name, or the ARN of a role's session.
UserName = Annotated[str, Shape("", "write the name by which the API server knows you", 512)]
# Whatever AWS said of the resource: its shape is the action's own.
State = Annotated[
    Mapping[str, Any], WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
]


class RemediationState(StrEnum):
    """The state of a remediation: the reason of its condition `Complete`."""

    AWAITING_APPROVAL = "AwaitingApproval"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    UNDOING = "Undoing"
    UNDONE = "Undone"


class RuleRef(Spec):
    """The rule that this remediation belongs to."""

    name: ObjectName = Field(description="Name of the RemediationRule.")
    uid: Word = Field("", description="Its uid: a rule of the same name may be another one.")
    digest: Word = Field("", description="Digest of what it selects, spares and does.")


class ResourceRef(Spec):
    """The resource that is written to."""

    type: Word = Field(description="ASFF type, such as `AwsS3Bucket`.")
    id: Text = Field(description="Id, mostly an ARN.")
    account_id: AccountId = Field(description="Account of the resource.")
    region: Region = Field(description="Region of the resource.")


class RemediatedFinding(Spec):
    """The finding that led to this remediation."""

    id: Text = Field(description="Id of the finding.")
    product_arn: Text = Field(description="ARN of the product that reported it.")
    control: Word = Field("", description="Control of the finding.")


class PlannedWrite(Spec):
    """One thing that is wrong, and what is written to put it right."""

    name: Text = Field(description="Names it within the resource.")
    summary: Text = Field("", description="What the write does.")


class RemediationApproval(Spec):
    """A person's approval of exactly one plan."""

    by: UserName = Field(description="Who approves, as the API server knows them.")
    plan_hash: PlanHash = Field(description="The plan that is approved.")


class RemediationSpec(Spec):
    """What is done, to what, and why. Immutable but for `approval` and `undo`."""

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule(
            "!has(self.approval) || self.approval.planHash == self.planHash",
            "approval.planHash: write the planHash of this object; another plan is not approved by it",
            lambda spec: spec.approval is None or spec.approval.plan_hash == spec.plan_hash,
        ),
        *(
            CelRule(
                f"has(self.{field}) == has(oldSelf.{field})",
                f"{field} is immutable: make a new object instead",
            )
            for field in ("findings", "writes")
        ),
        CelRule(
            "!oldSelf.undo || self.undo", "undo stays true: what was undone is done again by a new object"
        ),
    )

    rule_ref: Annotated[RuleRef, Immutable("ruleRef")] = Field(description="The rule. Immutable.")
    target_ref: ImmutableTargetRef = Field(description="The target. Immutable.")
    action: Annotated[RuleAction, Immutable("action")] = Field(description="What is done. Immutable.")
    resource: Annotated[ResourceRef, Immutable("resource")] = Field(description="The resource. Immutable.")
    role_name: Annotated[RoleName, Immutable("roleName")] = Field(
        "posture-remediation",
        description="Role that is assumed in the resource's account. Immutable.",
    )
    finding: Annotated[RemediatedFinding, Immutable("finding")] = Field(
        description="The finding that led to this, the first of `findings`. Immutable."
    )
    findings: Annotated[
        tuple[RemediatedFinding, ...], bounded(MAX_FINDINGS, keys=("productArn", "id")), Immutable("findings")
    ] = Field((), description="The findings that speak of the resource, as far as they are named. Immutable.")
    writes: Annotated[tuple[PlannedWrite, ...], bounded(MAX_WRITES, keys=("name",)), Immutable("writes")] = (
        Field((), description="What is written, each thing that is wrong by itself. Immutable.")
    )
    plan_hash: Annotated[PlanHash, Immutable("planHash")] = Field(
        description="Digest of all of the above. Immutable."
    )
    approval: RemediationApproval | None = Field(None, description="A person's approval.")
    undo: StrictBool = Field(default=False, description="Restores the state before.")


class RemediationStatus(Status):
    """What was, is, and was done."""

    before: State | None = Field(None, description="The state to restore, stored before the write.")
    after: State | None = Field(None, description="The state after it.")
    started_at: Past | None = Field(None, description="When the write began.")
    finished_at: Past | None = Field(None, description="When it ended.")
    attempts: int | None = Field(None, description="Runs that began to write, those of an undo included.")
    execution_id: Word | None = Field(
        None, description="Id of the execution of an SSM Automation document that was started."
    )
    undo_execution_id: Word | None = Field(None, description="The same of the document that undoes it.")
    resolved_at: Past | None = Field(
        None, description="When the workflow of its findings was set to RESOLVED."
    )
    reverted_at: Past | None = Field(
        None, description="When one of these had failed again, and was set back to NEW."
    )


class Remediation(CustomResource):
    """One entry of the write-ahead journal of remediations, made only by the operator.

    People approve what waits for approval (`spec.approval`), and take back what was done (`spec.undo`).
    """

    plural: ClassVar[str] = "remediations"
    short_name: ClassVar[str] = "rem"
    columns: ClassVar[tuple[Column, ...]] = (
        Column(name="Rule", path=".spec.ruleRef.name", type="string", description="The rule."),
        Column(name="Account", path=".spec.resource.accountId", type="string", description="The account."),
        Column(name="Resource", path=".spec.resource.id", type="string", description="The resource."),
        condition_column("State", COMPLETE, "How far it is.", part="reason"),
        AGE,
    )

    spec: RemediationSpec = Field(description="What is done, to what, and why.")
    status: RemediationStatus = Field(RemediationStatus(), description="What was, is, and was done.")
