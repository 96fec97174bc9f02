"""RemediationRule: which findings are remedied, how, and within what bounds."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool

from posture.api.action import RuleAction
from posture.api.durations import Duration
from posture.api.model import Observed, Spec
from posture.api.resource import AGE, Column, CustomResource, ImmutableTargetRef, Status, condition_column
from posture.api.schedule import Window
from posture.api.selector import Exceptions, Selectors
from posture.api.types import (
    AnyDuration,
    Kept,
    Line,
    PacedDuration,
    Paragraph,
    PositiveDuration,
    RoleName,
    TagKey,
    TagValue,
    bounded,
)
from posture.domain.grants import Mode

MAX_PLAN = 50


class OptOutTag(Spec):
    """A tag that keeps a resource from being touched. Keys and values are compared without case."""

    key: TagKey = Field(description="Key of the tag.")
    values: Annotated[tuple[TagValue, ...], bounded(50, unique=True)] = Field(
        (), description="Values that opt out; none: any value does."
    )


class OptOut(Spec):
    """What keeps a resource from being touched, read live just before the write."""

    tags: Annotated[tuple[OptOutTag, ...], bounded(20, keys=("key",))] = Field(
        (), description="Tags; they are added to the operator-wide list."
    )


class MemberIdentity(Spec):
    """As whom the write is made."""

    role_name: RoleName = Field(
        "posture-remediation",
        description="Role that is assumed in the resource's account; it must be granted.",
    )


class ResourceLimit(Spec):
    """How often one same resource is written to."""

    max: int = Field(3, ge=1, le=1000, description="Writes to one resource.")
    per: PositiveDuration = Field(Duration("720h"), description="Length of time in which they are counted.")


class Limits(Spec):
    """How much is written. Counted from the journal, over restarts and replicas."""

    per_cycle: int = Field(10, ge=1, le=1000, description="Writes in one cycle.")
    per_day: int = Field(50, ge=1, le=10_000, description="Writes in 24 hours.")
    percent: int = Field(
        10, ge=1, le=100, description="Percent of the resources in scope that are written to in 24 hours."
    )
    concurrent: int = Field(2, ge=1, le=100, description="Writes that go on at once.")
    per_resource: ResourceLimit = Field(ResourceLimit(), description="Writes to one same resource.")


class Approval(StrEnum):
    """Whether a person approves each remediation."""

    NOT_REQUIRED = "NotRequired"
    REQUIRED = "Required"


class Verify(Spec):
    """How success is verified: with the live API, not with the finding."""

    timeout: PacedDuration = Field(Duration("5m"), description="How long a resource may take; at least 5s.")


class History(Spec):
    """What is kept of the journal. Entries that a limit still counts are kept in any case."""

    limit: int = Field(100, ge=1, le=10_000, description="Finished entries that are kept.")
    keep_for: PositiveDuration = Field(Duration("2160h"), description="How long finished entries are kept.")


class RemediationRuleSpec(Spec):
    """Which findings are remedied, how, and within what bounds."""

    target_ref: ImmutableTargetRef = Field(description="The target whose findings are meant. Immutable.")
    suspend: StrictBool = Field(default=False, description="Nothing is written.")
    mode: Mode = Field(
        Mode.DRY_RUN, description="`DryRun`: status shows the plan. `Enforce`: it is carried out."
    )
    match: Selectors = Field(description="Selectors of findings; any of them selects.")
    exceptions: Exceptions = Field((), description="Selectors of findings that are left alone.")
    opt_out: OptOut = Field(OptOut(), description="What keeps a resource from being touched.")
    identity: MemberIdentity = Field(MemberIdentity(), description="As whom the write is made.")
    action: RuleAction = Field(description="What is done: exactly one of its fields.")
    limits: Limits = Field(Limits(), description="How much is written.")
    window: Window | None = Field(None, description="When writes are allowed. None: at any time.")
    delay: AnyDuration = Field(
        Duration("24h"),
        description="How long a resource must have failed, or been back in scope, before it is touched.",
    )
    approval: Approval = Field(
        Approval.NOT_REQUIRED, description="Whether a person approves each remediation."
    )
    verify: Verify = Field(Verify(), description="How success is verified.")
    resolve_findings: StrictBool = Field(
        default=True, description="Sets the finding's workflow to RESOLVED once success is verified."
    )
    history: History = Field(History(), description="What is kept of the journal.")


class PlanEntry(Observed):
    """What would happen to one resource for one finding, or why not."""

    finding_id: Paragraph = Field(description="Id of the finding.")
    resource_id: Paragraph = Field(description="Id of the resource.")
    resource_type: Line = Field("", description="ASFF type of the resource.")
    account_id: Line = Field("", description="Account of the resource.")
    region: Line = Field("", description="Region of the resource.")
    control: Line = Field("", description="Control of the finding.")
    decision: Line = Field(description="What would happen: `Remediate`, `Wait` or `Skip`.")
    reason: Line = Field(description="Why, in one word.")
    message: Paragraph = Field("", description="Why, for people.")
    plan_hash: Line | None = Field(None, description="What an approval must name.")


class PlanTotal(Observed):
    """How many entries of the plan have one same outcome."""

    decision: Line = Field(description="What would happen.")
    reason: Line = Field(description="Why.")
    count: int = Field(description="Entries of the plan, listed or not.")


class RemediationRuleStatus(Status):
    """What the rule does, and would do."""

    candidates: int | None = Field(None, description="Resources that fail and are in scope.")
    pending: int | None = Field(
        None,
        description="Candidates that are to be remediated, at once or later; in a dry run: that would be.",
    )
    succeeded: int | None = Field(None, description="Remediations that succeeded, of those in the journal.")
    failed: int | None = Field(None, description="Remediations that failed, of those in the journal.")
    skipped: int | None = Field(None, description="Candidates that are not touched; the plan says why.")
    plan: Annotated[tuple[PlanEntry, ...], Kept(MAX_PLAN, keys=("findingId", "resourceId"))] = Field(
        (), description="What would happen, or why not; the most severe first."
    )
    plan_totals: Annotated[tuple[PlanTotal, ...], Kept(100, keys=("decision", "reason"))] = Field(
        (), description="The whole plan by outcome."
    )


class RemediationRule(CustomResource):
    """Remedies findings by a declared action: at first as a dry run, always within bounds."""

    plural: ClassVar[str] = "remediationrules"
    short_name: ClassVar[str] = "rrule"
    columns: ClassVar[tuple[Column, ...]] = (
        Column(name="Target", path=".spec.targetRef.name", type="string", description="The target."),
        Column(name="Mode", path=".spec.mode", type="string", description="Whether it writes."),
        Column(
            name="Action",
            path=".spec.action['builtin','ssmAutomation']['name','document']",
            type="string",
            description="What it does.",
        ),
        Column(name="Candidates", path=".status.candidates", description="Resources in scope that fail."),
        Column(name="Pending", path=".status.pending", description="Candidates that are to be remediated."),
        Column(name="Succeeded", path=".status.succeeded", description="Remediations that succeeded."),
        Column(name="Failed", path=".status.failed", description="Remediations that failed."),
        Column(name="Skipped", path=".status.skipped", description="Candidates that are not touched."),
        condition_column("Ready", "Ready", "Whether it is in effect."),
        AGE,
    )

    spec: RemediationRuleSpec = Field(description="Which findings are remedied, how, and within what bounds.")
    status: RemediationRuleStatus = Field(
        RemediationRuleStatus(), description="What the rule does, and would do."
    )
