"""PostureTarget: what is scored, how, and what is aimed at."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool

from posture.api.beside_score import MAX_INSIGHTS
from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.resource import AGE, Column, CustomResource, condition_column
from posture.api.shapes import CelRule, Shape
from posture.api.targets.accounts import Grouping, TargetAccounts
from posture.api.targets.aims import Objectives
from posture.api.targets.source import AwsAccess, SourceChoice
from posture.api.targets.status import MAX_OUTPUTS, PostureTargetStatus
from posture.api.types import (
    OutputName,
    PacedDuration,
    PositiveDuration,
    ProductName,
    Word,
    bounded,
)
from posture.domain.arns import INSIGHT_ARN
from posture.domain.findings import OWN_NAMES, SECURITY_HUB, product_named

Names = Annotated[tuple[Word, ...], bounded(200, least=1, unique=True)]


class ScoringMethod(StrEnum):
    """How the headline score is computed."""

    SECURITY_HUB = "SecurityHub"
    EXPECTED_CONTROLS = "ExpectedControls"


class Scoring(Spec):
    """How scores are computed."""

    method: ScoringMethod = Field(
        ScoringMethod.SECURITY_HUB,
        description="Method of the headline in status: AWS's own rules, or failed among expected controls. "
        "Metrics show both.",
    )
    evaluation_window: PositiveDuration = Field(
        Duration("30h"),
        description="Findings that AWS has not refreshed for so long do not count. Most are refreshed every "
        "24 hours; where a check is late, a shorter time leaves failed controls out.",
    )


class Publication(Spec):
    """An output that a target publishes to."""

    output: OutputName = Field(
        description="Name of an output of the operator's configuration file, which says who may use it."
    )


InsightName = Annotated[
    str,
    Shape(
        rf"[1-9][0-9]{{0,3}}|{INSIGHT_ARN}",
        "write the number that ends a managed insight's ARN, in quotes, such as '36', or an insight's ARN",
        256,
    ),
]


class PostureTargetSpec(Spec):
    """What is scored, how, and what is aimed at."""

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule(
            f"!has(self.source.securityStandards) || self.products.exists(name, name in {list(OWN_NAMES)})",
            f"products: keep {SECURITY_HUB!r}, securityStandards is scored by its findings",
            lambda spec: (
                spec.source.security_standards is None or SECURITY_HUB in map(product_named, spec.products)
            ),
        ),
        CelRule(
            "!has(self.aws.events) || has(self.source.securityStandards)",
            "aws.events: leave it out, events are of Security Hub: only securityStandards is scored by it",
            lambda spec: spec.aws.events is None or spec.source.security_standards is not None,
        ),
    )

    suspend: StrictBool = Field(
        default=False, description="Stops polling; the last score stays with its timestamp."
    )
    interval: PacedDuration = Field(Duration("5m"), description="How often changes are polled; at least 5s.")
    full_sync_interval: PacedDuration = Field(
        Duration("24h"), description="How often everything is read again; at least 5s."
    )
    aws: AwsAccess = Field(description="Where Security Hub is asked, and as whom.")
    source: SourceChoice = Field(description="What the score is made of: exactly one of its fields.")
    products: Annotated[tuple[ProductName, ...], bounded(50, least=1, unique=True)] = Field(
        (SECURITY_HUB,),
        description="Products whose findings are read. Others than Security Hub are counted, never scored. A "
        "target that is scored by AWS Config reads its findings (`Config`), and not those of Security Hub. "
        "`Security Hub CSPM` is the same as `Security Hub`.",
    )
    accounts: TargetAccounts = Field(
        TargetAccounts(), description="Which of the granted accounts belong to the target."
    )
    scoring: Scoring = Field(Scoring(), description="How scores are computed.")
    grouping: Grouping = Field(Grouping(), description="How accounts are grouped.")
    insights: Annotated[tuple[InsightName, ...], bounded(MAX_INSIGHTS, unique=True)] = Field(
        (),
        description="Insights of Security Hub whose counts are shown, read every hour: managed ones by the"
        " number that ends their ARN, or ARNs. One that counts accounts which the target does not see is not"
        " shown, unless it counts by account. The condition `InsightsRead` tells how that goes.",
    )
    publish: Annotated[tuple[Publication, ...], bounded(MAX_OUTPUTS, keys=("output",))] = Field(
        (),
        description="Where scores go, beside Prometheus. The condition `Published` tells whether they get "
        "there; nothing else depends on it.",
    )
    objectives: Objectives = Field(Objectives(), description="What is aimed at.")


class PostureTarget(CustomResource):
    """A view over one Security Hub: scores of standards, accounts, workloads and environments."""

    plural: ClassVar[str] = "posturetargets"
    short_name: ClassVar[str] = "pt"
    columns: ClassVar[tuple[Column, ...]] = (
        Column(name="Score", path=".status.score", description="Whole percent."),
        Column(name="Failed", path=".status.findings.failed.total", description="Failed findings."),
        Column(name="Critical", path=".status.findings.failed.critical", description="Critical among them."),
        Column(
            name="Overdue",
            path=".status.overdue.total",
            description="Failed for longer than the objective.",
        ),
        condition_column("Current", "ScoreCurrent", "Whether the score is exact and fresh."),
        condition_column("Ready", "Ready", "Whether Security Hub, or AWS Config, answers to this target."),
        Column(
            name="Synced",
            path=".status.sync.lastSuccessTime",
            type="date",
            description="Since the last poll.",
        ),
        AGE,
        Column(name="Method", path=".spec.scoring.method", type="string", wide=True),
        Column(
            name="Accounts", path=".status.accounts.reporting", description="Accounts that report.", wide=True
        ),
        Column(
            name="Findings",
            path=".status.sync.findings",
            description="Findings that are known of the hub.",
            wide=True,
        ),
        Column(name="Suppressed", path=".status.findings.suppressed", description="Suppressed.", wide=True),
        condition_column(
            "Reason", "ScoreCurrent", "Why the score is current, or not.", part="reason", wide=True
        ),
    )

    spec: PostureTargetSpec = Field(description="What is scored, how, and what is aimed at.")
    status: PostureTargetStatus = Field(PostureTargetStatus(), description="What is.")
