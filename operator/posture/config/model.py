"""The configuration file: what the users of a namespace must not decide.

Unknown keys are refused. Nothing is allowed that is not granted; a grant's omitted field grants nothing.
"""

import itertools
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool, StrictInt

from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.shapes import CelRule, Shape
from posture.api.types import (
    PacedDuration,
    PositiveDuration,
    Region,
    RoleArn,
)
from posture.config.grants import BreakGlass, Grant, OptOutTag
from posture.config.outputs import Outputs
from posture.domain import costs
from posture.domain import grants as domain

OwnerId = Annotated[
    str,
    Shape(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?", "write up to 63 of letters, digits, -, _ and .", 63),
]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# As long as a candidate waits at most (posture.kube.lease_terms), which a test holds it to.
_LONGEST_LEASE = timedelta(hours=1)


class Writes(StrEnum):
    """Whether anything is written to AWS."""

    ENABLED = "Enabled"
    FROZEN = "Frozen"


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
