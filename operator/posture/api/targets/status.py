"""What a target's status says: of its score, and of its hub."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from posture.api.beside_score import MAX_INSIGHTS, EstimatedCost, InsightCounts
from posture.api.model import Observed
from posture.api.resource import Status
from posture.api.targets.counts import (
    AccountCounts,
    ControlCounts,
    FindingCounts,
    OverdueCounts,
    OverdueFinding,
    StandardScore,
    TrendStatus,
    WorkloadScore,
    WorstControl,
)
from posture.api.types import Kept, Line, Paragraph, Past, Percent, Time
from posture.domain.setup.results import SetupCheck, SetupStanding

SCORE_CURRENT: Final = "ScoreCurrent"
DECLINING: Final = "Declining"
OVERDUE: Final = "Overdue"
GROUPED: Final = "Grouped"
PUBLISHED: Final = "Published"
INSIGHTS_READ: Final = "InsightsRead"
LISTENING: Final = "Listening"

MAX_WORKLOADS = 100
MAX_STANDARDS = 50
MAX_REJECTED = 10
MAX_OVERDUE = 20
MAX_CONTROLS = 20
MAX_OUTPUTS = 10
MAX_SETUP = 20


class RejectedFinding(Observed):
    """A finding that could not be read."""

    id: Paragraph = Field(description="Its Id, or a digest of it.")
    reason: Paragraph = Field(description="What is wrong with it.")


class SyncSummary(Observed):
    """How the hub's findings are read."""

    last_success_time: Past | None = Field(None, description="End of the last poll that was complete.")
    last_full_time: Past | None = Field(None, description="End of the last sweep that was complete.")
    next_time: Time | None = Field(None, description="When the next poll is due.")
    findings: int | None = Field(None, description="Findings that are known of the hub.")
    changed: int | None = Field(None, description="Findings that the last poll changed.")
    calls: int | None = Field(None, description="Calls to Security Hub in the last poll.")
    duration_seconds: float | None = Field(None, description="How long the last poll took.")
    progress_percent: Percent | None = Field(None, description="How far the first sweep is; absent after it.")
    rejected: int | None = Field(None, description="Findings that could not be read.")
    rejected_findings: Annotated[tuple[RejectedFinding, ...], Kept(MAX_REJECTED, keys=("id",))] = Field(
        (), description="Some of them."
    )


class FindingFormat(StrEnum):
    """`ControlFindingGenerator` of DescribeHub."""

    SECURITY_CONTROL = "SecurityControl"
    STANDARD_CONTROL = "StandardControl"


class StandardStatus(StrEnum):
    """`StandardsStatus` of GetEnabledStandards, but for READY, and for DELETING, which enables nothing."""

    PENDING = "Pending"
    INCOMPLETE = "Incomplete"
    FAILED = "Failed"


class EnabledStandard(Observed):
    """A standard that is enabled in the hub, whether or not it is chosen."""

    standard: Line = Field(description="The standard, as written in `spec`.")
    status: StandardStatus | None = Field(
        None, description="What Security Hub says of it; absent where it is ready."
    )
    reason: Line | None = Field(
        None, description="Why Security Hub could not enable or disable it as it should; its code."
    )
    controls: int | None = Field(
        None,
        description="Controls that it has in the account and Region of the hub; absent where they cannot all"
        " be read.",
    )
    enabled_controls: int | None = Field(None, description="Those of them that are turned on there.")


class HubSummary(Observed):
    """The Security Hub that answers."""

    account: Line = Field(description="Account of the hub.")
    region: Line = Field(description="Region of the hub.")
    administrator: Line | None = Field(
        None, description="Administrator account: its own id where it is the administrator itself."
    )
    aggregation_region: Line | None = Field(None, description="Region that findings are aggregated in.")
    finding_format: FindingFormat | None = Field(
        None, description="Whether control findings are consolidated (`SecurityControl`) or per standard."
    )
    standards: Annotated[tuple[EnabledStandard, ...], Kept(MAX_STANDARDS, keys=("standard",))] | None = Field(
        None, description="Enabled standards, by name; absent where they may not be listed."
    )
    standards_omitted: int | None = Field(None, description="Standards that are left out of the list.")


class OrganizationCheck(Observed):
    """How one part of the organization's set-up stands."""

    check: SetupCheck = Field(description="The part.")
    status: SetupStanding = Field(
        description="`Unknown` where it could not be told: the message says why, and there is no metric."
    )
    message: Paragraph = Field(description="What was found, and what to do.")


class PublishedOutput(Observed):
    """How publishing to one output goes."""

    output: Line = Field(description="The output, as written in `spec`.")
    last_success_time: Past | None = Field(
        None, description="When the destination last took anything of this target."
    )
    queued: int | None = Field(None, description="What waits to be sent; absent where nothing can be.")
    reason: Line | None = Field(None, description="Why it does not go; absent where it does.")


class PostureTargetStatus(Status):
    """What is. A score that does not exist is absent."""

    score: Percent | None = Field(None, description="Whole percent, half up, by `scoring.method`.")
    passed: int | None = Field(None, description="Controls that passed.")
    scored: int | None = Field(None, description="Controls behind the score.")
    score_time: Past | None = Field(None, description="When this score was exact.")
    scope_digest: Line | None = Field(
        None, description="Digest of the spec and the grant that the scores speak of."
    )
    unsuppressed_score: Percent | None = Field(
        None, description="The score with every suppressed finding and every control that a policy disabled."
    )
    controls: ControlCounts | None = Field(None, description="Controls by status.")
    standards: Annotated[tuple[StandardScore, ...], Kept(MAX_STANDARDS, keys=("standard",))] = Field(
        (), description="Scores by standard, worst first."
    )
    standards_omitted: int | None = Field(None, description="Standards that are left out of the list.")
    workloads: Annotated[
        tuple[WorkloadScore, ...], Kept(MAX_WORKLOADS, keys=("workload", "environment", "standard"))
    ] = Field((), description="Scores by workload, environment and standard, worst first.")
    workloads_omitted: int | None = Field(None, description="Entries that are left out of the list.")
    findings: FindingCounts | None = Field(None, description="ACTIVE findings by state.")
    overdue: OverdueCounts | None = Field(
        None,
        description="Failed findings that fail for longer than `objectives.resolveWithin` allows; absent"
        " where that says nothing, or while it is not known.",
    )
    overdue_findings: Annotated[tuple[OverdueFinding, ...], Kept(MAX_OVERDUE, keys=("id",))] = Field(
        (), description="Those of them that are overdue for the longest."
    )
    trend: TrendStatus | None = Field(
        None,
        description="How the score moved over the window of `objectives.trend`; absent where there is none.",
    )
    insights: Annotated[tuple[InsightCounts, ...], Kept(MAX_INSIGHTS, keys=("insight",))] = Field(
        (), description="What each insight of `spec.insights` counts."
    )
    organization: Annotated[tuple[OrganizationCheck, ...], Kept(MAX_SETUP, keys=("check",))] = Field(
        (), description="How the organization is set up, part by part, as its Security Hub says it."
    )
    estimated_cost: EstimatedCost | None = Field(
        None, description="What Security Hub costs in a month, as far as its findings tell."
    )
    published: Annotated[tuple[PublishedOutput, ...], Kept(MAX_OUTPUTS, keys=("output",))] = Field(
        (), description="How publishing to each output of `spec.publish` goes."
    )
    worst_controls: Annotated[tuple[WorstControl, ...], Kept(MAX_CONTROLS, keys=("control",))] = Field(
        (),
        description="What to fix first: the controls with failed findings, each once over all standards, by"
        " severity and then by how many failed. `controls.failed` says how many there are in all.",
    )
    accounts: AccountCounts | None = Field(None, description="Accounts by state.")
    sync: SyncSummary | None = Field(None, description="How the hub's findings are read.")
    hub: HubSummary | None = Field(None, description="The Security Hub that answers.")
