"""What a target aims at: a least score, how far it may fall, how long findings may stay failed."""

from pydantic import Field

from posture.api.model import Spec
from posture.api.types import (
    PositiveDuration,
)


class Trend(Spec):
    """How far the score may fall."""

    window: PositiveDuration = Field(
        description="Length of time over which the score is compared; points of it are kept for 400 days."
    )
    max_drop: float = Field(ge=0, le=100, description="Points of percent that it may fall in that time.")


class ResolveWithin(Spec):
    """How long a finding may stay failed, by severity. None: as long as it likes."""

    critical: PositiveDuration | None = Field(None, description="For `CRITICAL` findings.")
    high: PositiveDuration | None = Field(None, description="For `HIGH` findings.")
    medium: PositiveDuration | None = Field(None, description="For `MEDIUM` findings.")
    low: PositiveDuration | None = Field(None, description="For `LOW` findings.")


class Objectives(Spec):
    """What is aimed at: metrics for alerts to compare with, and conditions that tell what is missed."""

    minimum_score: float | None = Field(
        None,
        ge=0,
        le=100,
        description="Least score, in percent. It is the metric `posture_objective_minimum_score_ratio`, for "
        "an alert; no condition tells that the score is below it.",
    )
    trend: Trend | None = Field(
        None,
        description="How far the headline score may fall. The condition `Declining` is True while it is more "
        "than `maxDrop` points of percent below that of a moment `window` ago (the first one known, where "
        "that is later); `status.trend` shows both.",
    )
    resolve_within: ResolveWithin | None = Field(
        None,
        description="How long findings may stay failed. The condition `Overdue` is True while any fails for "
        "longer; `status.overdue` counts them, `status.overdueFindings` names those that do for the longest.",
    )
