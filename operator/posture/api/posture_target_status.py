"""What the operator says of a PostureTarget."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from posture.api.beside_score import MAX_INSIGHTS, EstimatedCost, InsightCounts
from posture.api.model import Observed
from posture.api.resource import Status
from posture.api.types import Kept, Line, Paragraph, Past, Percent, SeverityLabel, Time
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
MAX_UNMATCHED = 20
MAX_OVERDUE = 20
MAX_CONTROLS = 20
MAX_POINTS = 400
MAX_OUTPUTS = 10
MAX_SETUP = 20


class ControlCounts(Observed):
    """Controls by status, each once over the standards of the target."""

    passed: int = Field(description="All of whose findings passed.")
    failed: int = Field(description="With a failed finding in any account or Region.")
    unknown: int = Field(description="With a warning or no result, and none failed.")
    no_data: int = Field(description="Without findings, or with suppressed ones only.")
    disabled: int = Field(
        description="Turned off, in the account and Region of the hub or by a policy, and on nowhere else."
    )


class StandardScore(Observed):
    """The score of one standard."""

    standard: Line = Field(description="The standard, as written in `spec`.")
    score: Percent | None = Field(None, description="Whole percent, half up; absent where there is none.")
    passed: int = Field(description="Controls that passed.")
    scored: int = Field(description="Controls behind the score.")


class WorkloadScore(Observed):
    """The score of one workload in one environment by one standard."""

    workload: Line = Field(description="The workload.")
    environment: Line = Field(description="The environment.")
    standard: Line = Field(description="The standard, as written in `spec`.")
    score: Percent | None = Field(None, description="Whole percent, half up; absent where there is none.")
    passed: int = Field(description="Controls that passed.")
    scored: int = Field(description="Controls behind the score.")


class SeverityCounts(Observed):
    """Findings by severity."""

    critical: int = Field(description="`CRITICAL` findings.")
    high: int = Field(description="`HIGH` findings.")
    medium: int = Field(description="`MEDIUM` findings.")
    low: int = Field(description="`LOW` findings.")
    informational: int = Field(description="`INFORMATIONAL` findings.")
    total: int = Field(description="All of them.")


class FindingCounts(Observed):
    """ACTIVE findings of all products, each counted in the first state that fits."""

    failed: SeverityCounts = Field(description="Failed, by severity.")
    warning: int = Field(description="With a warning.")
    not_available: int = Field(description="Without a result.")
    passed: int = Field(description="Passed.")
    suppressed: int = Field(description="Suppressed, by policies or by hand.")
    disabled: int = Field(description="Of controls that are turned off in its account and Region.")
    stale: int = Field(description="Not refreshed within the evaluation window.")


class OverdueCounts(Observed):
    """Findings that fail for longer than the objective of their severity."""

    critical: int = Field(description="`CRITICAL` findings.")
    high: int = Field(description="`HIGH` findings.")
    medium: int = Field(description="`MEDIUM` findings.")
    low: int = Field(description="`LOW` findings.")
    total: int = Field(description="All of them.")


class OverdueFinding(Observed):
    """A finding that fails for longer than the objective of its severity."""

    id: Paragraph = Field(description="Its Id.")
    control: Line | None = Field(None, description="Its control; absent where it is of none.")
    title: Paragraph = Field(description="Its title.")
    severity: SeverityLabel = Field(description="Its severity.")
    account: Line = Field(description="Its account.")
    region: Line = Field(description="Its Region.")
    resource: Paragraph | None = Field(None, description="The first of its resources.")
    since: Time = Field(description="Since when it fails.")
    due: Time = Field(description="When it had to be resolved.")


class WorstControl(Observed):
    """A control that has failed findings."""

    control: Line = Field(description="The control.")
    title: Paragraph | None = Field(None, description="Its title, as its findings say it.")
    severity: SeverityLabel = Field(description="The worst severity of its failed findings.")
    failed: int = Field(description="Failed findings.")
    accounts: int = Field(description="Accounts with such findings.")
    oldest: Time | None = Field(
        None, description="Since when the first of them fails; absent where that is not known."
    )


class TrendPoint(Observed):
    """The headline score at a moment at which it was exact."""

    time: Past = Field(description="When.")
    passed: int = Field(description="Controls that had passed.")
    scored: int = Field(description="Controls behind the score.")


class TrendStatus(Observed):
    """The score compared with an earlier one, over the window of the objective."""

    window: Line = Field(description="Length of time over which the score is compared, as in `spec`.")
    score: float | None = Field(None, description="The score that it is compared with, in percent.")
    from_: Past | None = Field(
        None,
        alias="from",
        description="When that was: the last point at or before `window` ago, or the first one.",
    )
    drop: float | None = Field(
        None, description="Points of percent that it has fallen since then, 0 or more."
    )
    max_drop: float = Field(description="Points of percent that it may fall, as in `spec`.")
    points: Annotated[tuple[TrendPoint, ...], Kept(MAX_POINTS, keys=("time",))] = Field(
        (), description="One point a day, the oldest first."
    )


class AccountCounts(Observed):
    """Accounts that the target may see."""

    reporting: int = Field(description="With findings inside the evaluation window.")
    silent: int = Field(description="Without any.")
    excluded: int = Field(description="Excluded by `spec.accounts`.")
    unusable: int | None = Field(
        None,
        description="Without findings, and closed, suspended or not active yet as AWS Organizations says:"
        " they are not silent.",
    )
    ungrouped: int | None = Field(
        None,
        description="Of those not excluded, how many have tags that are not known: while one of them has"
        " findings, there is no score of any workload.",
    )
    unmatched: int | None = Field(
        None,
        description="Of those reporting or silent, how many have neither a tag for a workload nor a name that"
        " matches `grouping.accountNamePattern`: each is its own workload.",
    )
    unmatched_ids: Annotated[tuple[Line, ...], Kept(MAX_UNMATCHED)] = Field(
        (), description="Ids of some of these, in their order."
    )


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
