"""PostureTarget: what is scored, how, and what is aimed at."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StrictBool

from posture.api.beside_score import MAX_INSIGHTS
from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.patterns import compile_pattern
from posture.api.posture_target_status import MAX_OUTPUTS, PostureTargetStatus
from posture.api.resource import AGE, Column, CustomResource, condition_column
from posture.api.shapes import CelRule, Shape, exactly_one, fixed_choice
from posture.api.types import (
    AccountGlob,
    AccountId,
    OutputName,
    PacedDuration,
    PositiveDuration,
    ProductName,
    QueueUrl,
    Region,
    RoleArn,
    Standard,
    TagKey,
    Word,
    bounded,
)
from posture.domain.arns import INSIGHT_ARN
from posture.domain.findings import OWN_NAMES, SECURITY_HUB, product_named

_PATTERN_SAYS = (
    "write a regular expression (RE2: no look-around, no back-references) with the groups "
    "(?P<workload>…) and (?P<environment>…)"
)
_SOURCES = ("securityStandards", "conformancePacks", "configRules")


def _two_groups(pattern: str) -> str:
    """Refuse what does not compile, or what lacks one of the two groups."""
    try:
        groups = compile_pattern(pattern).groupindex
    except ValueError as error:
        raise ValueError(f"{_PATTERN_SAYS}: {error}") from None
    if not {"workload", "environment"} <= groups.keys():
        raise ValueError(_PATTERN_SAYS)
    return pattern


AccountNamePattern = Annotated[
    str,
    Shape(
        "",
        _PATTERN_SAYS,
        256,
        # The last term compiles the pattern: RE2 raises for what it does not know.
        also="self.contains('(?P<workload>') && self.contains('(?P<environment>') && ''.matches(self + '|')",
    ),
    AfterValidator(_two_groups),
]
# An empty label is none at all to Prometheus.
WorkloadName = Annotated[str, Shape("", "write the name of a workload, up to 128 characters", 128)]
Names = Annotated[tuple[Word, ...], bounded(200, least=1, unique=True)]
AggregatorName = Annotated[
    str, Shape(r"[A-Za-z0-9_-]+", "write the name of a Config aggregator: letters, digits, _ and -", 256)
]
RuleName = Annotated[
    str, Shape(r"[^*?\t\n\x0b\f\r ]+", "write the whole name of a Config rule; globs are not allowed", 128)
]
PackName = Annotated[
    str,
    Shape(
        r"[A-Za-z][-A-Za-z0-9]*",
        "write the whole name of a conformance pack, such as OrgConformsPack-baseline-abc",
        256,
    ),
]


class Events(Spec):
    """Where Security Hub's events arrive, for changes to show before the next poll."""

    queue_url: QueueUrl = Field(
        description="URL of a queue of SQS that an EventBridge rule fills with `Security Hub Findings - "
        "Imported`. It is read, and emptied, as the identity of `spec.aws`: it belongs to this Security Hub "
        "alone."
    )


class AwsAccess(Spec):
    """Where Security Hub and AWS Config are asked, and as whom."""

    region: Region = Field(
        description="Region of the Security Hub, best the aggregation Region, and of the Config aggregator."
    )
    role_arn: RoleArn | None = Field(
        None, description="Role to assume. None: the operator's own identity, where the grant allows it."
    )
    events: Events | None = Field(
        None,
        description="Near real time beside the polls, which go on: the condition `Listening` tells whether "
        "events arrive. None: changes show at the next poll.",
    )


class SecurityStandards(Spec):
    """Scores by the controls of Security Hub's standards."""

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule(
            "!('*' in self.standards) || self.standards.size() == 1",
            "standards: * stands for all of AWS that are enabled: write it alone",
            lambda model: "*" not in model.standards or len(model.standards) == 1,
        ),
    )

    standards: Annotated[tuple[Standard, ...], bounded(20, least=1, unique=True)] = Field(
        description="Standards as in their ARNs, or `*`: all of AWS that are enabled, none of other clouds."
    )


class ConformancePacks(Spec):
    """Scores by the rules of AWS Config's conformance packs: each pack is a standard, each rule a control."""

    names: Annotated[tuple[PackName, ...], bounded(50, least=1, unique=True)] = Field(
        description="Whole names of conformance packs. The standard of one is `conformance-pack/<name>`."
    )
    aggregator: AggregatorName | None = Field(
        None,
        description="Config aggregator that is read, in the credentials' account and `aws.region`. None: the"
        " only one there.",
    )


class ConfigRules(Spec):
    """Scores by rules of AWS Config: all of them are the standard `config-rules`, each rule a control."""

    names: Annotated[tuple[RuleName, ...], bounded(200, least=1, unique=True)] = Field(
        description="Names of Config rules: whole, or without the suffix that a pack adds."
    )
    aggregator: AggregatorName | None = Field(
        None,
        description="Config aggregator that is read, in the credentials' account and `aws.region`. None: the"
        " only one there.",
    )


class SourceChoice(Spec):
    """What the score is made of: exactly one of these. The choice is immutable."""

    rules: ClassVar[tuple[CelRule, ...]] = (exactly_one(*_SOURCES), fixed_choice(*_SOURCES))

    security_standards: SecurityStandards | None = Field(None, description="Security Hub's standards.")
    conformance_packs: ConformancePacks | None = Field(
        None, description="AWS Config's conformance packs, as an aggregator shows them."
    )
    config_rules: ConfigRules | None = Field(
        None, description="AWS Config's rules, as an aggregator shows them."
    )


class TargetAccounts(Spec):
    """Which of the granted accounts belong to the target."""

    include: Annotated[tuple[AccountGlob, ...], bounded(500, least=1, unique=True)] = Field(
        ("*",), description="Account ids or globs that belong to the target."
    )
    exclude: Annotated[tuple[AccountGlob, ...], bounded(500, unique=True)] = Field(
        (), description="Account ids or globs that do not, even if included."
    )


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


class AccountOverride(Spec):
    """Workload and environment of one account, whatever its name."""

    account_id: AccountId = Field(description="The account.")
    workload: WorkloadName = Field(description="Its workload.")
    environment: Word | None = Field(None, description="Its environment. None: `defaultEnvironment`.")


class OrganizationTags(Spec):
    """What AWS Organizations says of accounts: tags, names, and which of them are closed or suspended.

    A key that is left out is not read. Workload and environment are told each by itself, by its tag and else
    by the account's name; while the tags of an account with findings are not known, no workload has a score.
    """

    workload_key: TagKey | None = Field(None, description="Tag of an account whose value is its workload.")
    environment_key: TagKey | None = Field(
        None, description="Tag of an account whose value is its environment."
    )
    owner_key: TagKey | None = Field(
        None,
        description="Tag of an account whose value is its owner: the label `owner` of"
        " `posture_account_info`.",
    )
    role_arn: RoleArn | None = Field(
        None,
        description="Role in the organization's management account, or in one that administers a service for"
        " it. None: the identity of `spec.aws`.",
    )


class Grouping(Spec):
    """How accounts are grouped into workloads and environments."""

    account_name_pattern: AccountNamePattern | None = Field(
        None,
        description="Regular expression (RE2) over account names, with the groups `workload` and "
        "`environment`. An account that does not match is its own workload.",
    )
    default_environment: Word = Field("", description="Environment of accounts that do not match.")
    organization_tags: OrganizationTags | None = Field(
        None,
        description="Tags of accounts in AWS Organizations, which tell before the pattern does. None: the"
        " organization is not read.",
    )
    overrides: Annotated[tuple[AccountOverride, ...], bounded(500, keys=("accountId",))] = Field(
        (), description="Accounts whose group neither tags nor the pattern tell: these come first."
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
