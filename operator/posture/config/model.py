"""The configuration file: what the users of a namespace must not decide.

Unknown keys are refused. Nothing is allowed that is not granted; a grant's omitted field grants nothing.
"""

import itertools
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.patterns import compile_pattern
from posture.api.shapes import CelRule, Shape
from posture.api.types import (
    AccountGlob,
    OutputName,
    PacedDuration,
    PositiveDuration,
    Region,
    RoleArn,
    TagKey,
    TagValue,
)
from posture.domain import costs
from posture.domain import grants as domain
from posture.domain.arns import QUEUE_ARN_GLOB, ROLE_ARN_GLOB, ROLE_NAME_GLOB
from posture.domain.grants import Mode, Verb


def _expression(text: str) -> str:
    try:
        compile_pattern(text)
    except ValueError as error:
        raise ValueError(
            f"write a regular expression (RE2: no look-around, no back-references): {error}"
        ) from None
    return text


NamespaceGlob = Annotated[
    str, Shape(r"[a-z0-9*?-]+", "write the name of a namespace or a glob such as team-*", 63)
]
RoleArnGlob = Annotated[
    str,
    Shape(
        ROLE_ARN_GLOB,
        "write a role's ARN or a glob such as arn:aws:iam::*:role/posture-* (* stops at : and at /)",
        600,
    ),
]
QueueArnGlob = Annotated[
    str,
    Shape(
        QUEUE_ARN_GLOB,
        "write a queue's ARN or a glob such as arn:aws:sqs:*:111122223333:posture-* (* stops at :)",
        200,
    ),
]
RoleNameGlob = Annotated[
    str,
    Shape(ROLE_NAME_GLOB, "write the name of a role, not its ARN, or a glob such as posture-*", 64),
]
OwnerId = Annotated[
    str,
    Shape(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?", "write up to 63 of letters, digits, -, _ and .", 63),
]
Name = Annotated[str, Shape("", "write a name", 200)]
MetricNamespace = Annotated[
    str,
    Shape(
        r"[A-Za-z0-9._/#-][A-Za-z0-9._/#: -]*",
        "write up to 255 of letters, digits, blanks and . - _ / # :, not a colon first, and not AWS/ first",
        255,
        check=lambda text: not text.startswith("AWS/") and bool(text.strip()),
    ),
]
CollectorUrl = Annotated[
    str,
    Shape(
        r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?",
        "write the address of the HTTP Event Collector without /services/collector and without a password,"
        " as https://splunk.example.com:8088",
        500,
        check=lambda text: "/services/collector" not in text,
    ),
]
FilePath = Annotated[str, Shape(r"/[^\x00-\x1f]+", "write the absolute path of a mounted file", 500)]
SplunkIndex = Annotated[
    str, Shape(r"[a-z0-9_][a-z0-9_-]*", "write the name of an index: of a-z, 0-9, _ and -", 80)
]
Expression = Annotated[str, AfterValidator(_expression)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


_TWO_WEEKS = timedelta(days=14)
# As long as a candidate waits at most (posture.kube.lease_terms), which a test holds it to.
_LONGEST_LEASE = timedelta(hours=1)


class Writes(StrEnum):
    """Whether anything is written to AWS."""

    ENABLED = "Enabled"
    FROZEN = "Frozen"


class DisableControlsGrant(Spec):
    """How controls may be turned off."""

    role_names: tuple[RoleNameGlob, ...] = ()


class DocumentGrant(Spec):
    """An SSM document that may be run, and what its parameters may be."""

    name: Name
    owner: Name
    parameters: Mapping[str, Expression] = {}


class RemediationGrant(Spec):
    """How remediation may be done."""

    role_names: tuple[RoleNameGlob, ...] = ()
    max_mode: Mode | None = None
    builtins: tuple[Name, ...] = ()
    documents: tuple[DocumentGrant, ...] = ()


class Grant(Spec):
    """Whoever is in these namespaces may, as these identities, do these things to these accounts."""

    namespaces: tuple[NamespaceGlob, ...] = ()
    ambient_identity: StrictBool = False
    role_arns: tuple[RoleArnGlob, ...] = ()
    external_id: str | None = Field(None, min_length=1, max_length=1224, repr=False)
    accounts: tuple[AccountGlob, ...] = ()
    verbs: frozenset[Verb] = frozenset()
    queues: tuple[QueueArnGlob, ...] = ()
    disable_controls: DisableControlsGrant = DisableControlsGrant()
    remediation: RemediationGrant = RemediationGrant()

    def plain(self) -> domain.Grant:
        """Give the grant as the rules take it."""
        remediation = domain.RemediationGrant(
            role_names=self.remediation.role_names,
            max_mode=self.remediation.max_mode,
            builtins=self.remediation.builtins,
            documents=tuple(
                domain.DocumentGrant(
                    each.name,
                    each.owner,
                    {name: compile_pattern(text) for name, text in each.parameters.items()},
                )
                for each in self.remediation.documents
            ),
        )
        return domain.Grant(
            namespaces=self.namespaces,
            ambient_identity=self.ambient_identity,
            role_arns=self.role_arns,
            external_id=self.external_id,
            accounts=self.accounts,
            verbs=self.verbs,
            queues=self.queues,
            disable_controls_role_names=self.disable_controls.role_names,
            remediation=remediation,
        )


class OptOutTag(Spec):
    """A tag that keeps a resource from being touched; no values: any value does."""

    key: TagKey
    values: tuple[TagValue, ...] = ()


class BreakGlass(Spec):
    """Who is never touched: whom people reach for when nothing else works."""

    iam_users: tuple[Annotated[str, Shape("", "write the name of a user or a glob", 128)], ...] = ()


class Metrics(Spec):
    """What is published beyond the fixed metrics."""

    per_control: StrictBool = False


class LeaseTimes(Spec):
    """How long replicas hold hubs, and how often they renew."""

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule("", "write a duration of at least 1s", lambda lease: lease.duration >= timedelta(seconds=1)),
        CelRule(
            "",
            "write a duration of at most 1h: for longer nobody waits for a holder that is gone",
            lambda lease: lease.duration <= _LONGEST_LEASE,
        ),
        CelRule(
            "",
            "write a renewDeadline below duration: a holder must stop before another may begin",
            lambda lease: lease.renew_deadline < lease.duration,
        ),
        CelRule("", "write a retry below renewDeadline", lambda lease: lease.retry < lease.renew_deadline),
    )

    duration: PositiveDuration = Duration("15s")
    renew_deadline: PositiveDuration = Duration("10s")
    retry: PositiveDuration = Duration("2s")


class Minimums(Spec):
    """What a target may ask of a Security Hub that others share: what is less is raised to it."""

    interval: PacedDuration = Duration("30s")
    full_sync_interval: PositiveDuration = Duration("1h")
    evaluation_window: PositiveDuration = Duration("24h")


class OutputQueue(Spec):
    """How much an output keeps while its destination is away: the oldest goes first."""

    events: int = Field(100_000, ge=1, le=1_000_000)
    age: PositiveDuration = Duration("72h")


class CloudWatchOutput(Spec):
    """Metrics of CloudWatch in one Region of the account of `role_arn`; without it, of the operator's own.

    `metric_namespace`: CloudWatch API reference, PutMetricData; those of AWS's own services are not ours.
    """

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule(
            "",
            "write a maxQueue.age of at most 336h: CloudWatch takes nothing that is older than two weeks",
            lambda output: output.max_queue.age <= _TWO_WEEKS,
        ),
    )

    name: OutputName
    namespaces: tuple[NamespaceGlob, ...] = ()
    region: Region
    role_arn: RoleArn | None = None
    metric_namespace: MetricNamespace = "SecurityPosture"
    max_metrics: int = Field(500, ge=1, le=10_000)
    max_queue: OutputQueue = OutputQueue()


class SplunkEvents(StrEnum):
    """What is sent to Splunk."""

    FINDINGS = "Findings"
    SCORES = "Scores"
    EXCEPTIONS = "Exceptions"
    REMEDIATIONS = "Remediations"


class SplunkOutput(Spec):
    """A Splunk HTTP Event Collector, by the address before `/services/collector`.

    `token_file` and `ca_file`: mounted files, which are read again when they change. `index`: one that the
    token may write to; without it, the token's own. `acknowledge`: an event has arrived when Splunk has it
    indexed, which the token must have turned on. `backfill`: what a first sweep finds is sent, too.
    """

    name: OutputName
    namespaces: tuple[NamespaceGlob, ...] = ()
    url: CollectorUrl
    token_file: FilePath
    ca_file: FilePath | None = None
    index: SplunkIndex | None = None
    send: frozenset[SplunkEvents] = Field(frozenset(SplunkEvents), min_length=1)
    acknowledge: StrictBool = False
    backfill: StrictBool = False
    max_queue: OutputQueue = OutputQueue()


def _named_once(outputs: "Outputs") -> bool:
    names = [each.name for each in outputs.cloud_watch] + [each.name for each in outputs.splunk]
    return len(set(names)) == len(names)


class Outputs(Spec):
    """Destinations outside Prometheus, and which namespaces may publish there."""

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule("", "write a name once: two outputs have the same", _named_once),
    )

    cloud_watch: tuple[CloudWatchOutput, ...] = ()
    splunk: tuple[SplunkOutput, ...] = ()


class IngestionPrices(Spec):
    """What findings of other products cost: so many events are free, then each is paid."""

    free: int = Field(10_000, ge=0)
    each: float = Field(0.00003, ge=0, allow_inf_nan=False)


def _rises(tiers: tuple[tuple[int | None, float], ...]) -> bool:
    """Tell whether tiers have rising numbers of checks, and the last of them none."""
    numbers = [number for number, _ in tiers]
    bounds = [number for number in numbers[:-1] if number is not None]
    in_order = all(one < other for one, other in itertools.pairwise([0, *bounds]))
    return bool(tiers) and numbers[-1] is None and len(bounds) == len(numbers) - 1 and in_order


class Prices(Spec):
    """What AWS charges for Security Hub CSPM, by account, Region and month, in dollars.

    `checks`: pairs of a number of checks, counted from the first of the month, and the price of each up to
    it; null: of all further ones. `checks_per_day`: how often a control is checked for a resource.
    """

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule(
            "",
            "write checks as pairs of a rising number and a price, with null in the place of the last number",
            lambda prices: _rises(prices.checks),
        ),
    )

    checks: tuple[tuple[StrictInt | None, Price], ...] = ((100_000, 0.001), (500_000, 0.0008), (None, 0.0005))
    ingestion: IngestionPrices = IngestionPrices()
    checks_per_day: float = Field(1.0, gt=0, le=24, allow_inf_nan=False)

    def plain(self) -> costs.Prices:
        """Give them as the rules take them."""
        return costs.Prices(
            tuple(costs.Tier(*each) for each in self.checks),
            self.ingestion.free,
            self.ingestion.each,
            self.checks_per_day,
        )


SnapshotUrl = Annotated[
    str,
    Shape(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9!_.*'()-]+)*/?|file:///[^\x00]*",
        "write s3://bucket/prefix, or file:///directory of a volume that all replicas mount",
        1024,
    ),
]


class Snapshots(Spec):
    """Where copies of the stores are kept, for a replica that takes a hub over without one.

    `region`: of the bucket; without it, the hub's. `role_arn`: as whom; without it, as the operator itself.
    """

    rules: ClassVar[tuple[CelRule, ...]] = (
        CelRule(
            "",
            "write region, roleArn and kmsKeyId for a bucket only: a directory has none",
            lambda kept: kept.bucket is not None or not (kept.region or kept.role_arn or kept.kms_key_id),
        ),
        CelRule("", "write an every of at least 1m", lambda kept: kept.every >= timedelta(minutes=1)),
    )

    url: SnapshotUrl
    every: PositiveDuration = Duration("1h")
    keep: int = Field(2, ge=1, le=100)
    region: Region | None = None
    role_arn: RoleArn | None = None
    kms_key_id: Annotated[str, Shape(r"[A-Za-z0-9:/_-]+", "write the id or ARN of a key", 2048)] | None = None

    @property
    def bucket(self) -> str | None:
        """Give the bucket; None where it is a directory."""
        return self.url.removeprefix("s3://").split("/")[0] if self.url.startswith("s3://") else None

    @property
    def path(self) -> str:
        """Give the directory, or the prefix in the bucket, without a slash at either end of that."""
        if self.bucket is None:
            return self.url.removeprefix("file://")
        return self.url.removeprefix(f"s3://{self.bucket}").strip("/")


class Config(Spec):
    """The whole file, with its defaults."""

    writes: Writes = Writes.ENABLED
    owner_id: OwnerId | None = None
    adopt_from: tuple[OwnerId, ...] = ()
    grants: tuple[Grant, ...] = ()
    opt_out_tags: tuple[OptOutTag, ...] = (OptOutTag(key="posture.dev/remediation", values=("off",)),)
    break_glass: BreakGlass = BreakGlass()
    quota_share: float = Field(0.8, gt=0, le=1, allow_inf_nan=False)
    max_suppression_age: PositiveDuration = Duration("9600h")
    metrics: Metrics = Metrics()
    lease: LeaseTimes = LeaseTimes()
    minimums: Minimums = Minimums()
    outputs: Outputs = Outputs()
    prices: Prices = Prices()
    snapshots: Snapshots | None = None

    @cached_property
    def granted(self) -> tuple[domain.Grant, ...]:
        """Give the grants as the rules of posture.domain.grants take them."""
        return tuple(grant.plain() for grant in self.grants)

    @property
    def frozen(self) -> bool:
        """Tell whether nothing may be written to AWS."""
        return self.writes is Writes.FROZEN
