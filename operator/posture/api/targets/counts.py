"""What a target's status counts: scores, findings, accounts, and what to fix first."""

from typing import Annotated

from pydantic import Field

from posture.api.model import Observed
from posture.api.types import Kept, Line, Paragraph, Past, Percent, SeverityLabel, Time

MAX_UNMATCHED = 20
MAX_POINTS = 400


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
