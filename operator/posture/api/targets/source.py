"""What a target is scored by, and where that is asked."""

from typing import Annotated, ClassVar

from pydantic import Field

from posture.api.model import Spec
from posture.api.shapes import CelRule, Shape, exactly_one, fixed_choice
from posture.api.types import (
    QueueUrl,
    Region,
    RoleArn,
    Standard,
    bounded,
)

_SOURCES = ("securityStandards", "conformancePacks", "configRules")
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
