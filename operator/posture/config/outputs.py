"""Where scores and changes may be published, and who may use which output."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool

from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.shapes import CelRule, Shape
from posture.api.types import (
    OutputName,
    PositiveDuration,
    Region,
    RoleArn,
)
from posture.config.grants import NamespaceGlob

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


_TWO_WEEKS = timedelta(days=14)


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
