"""The organization: deterministic for its parameters, and as untidy as a real one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from random import Random
from typing import Any

import msgspec

from sandbox.config.seed import SeedConfig
from sandbox.organization import asff
from sandbox.organization.accounts import ADMINISTRATOR, Account, accounts
from sandbox.organization.packs import config_of, document_of, findings_of
from sandbox.securityhub.catalogue import CIS_1_2, CIS_1_4, CONTROLS, FSBP, Control, partition_of

_OTHER_PRODUCTS = (
    (
        "guardduty",
        "GuardDuty",
        "TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort",
        "MEDIUM",
        "AwsEc2Instance",
    ),
    (
        "inspector",
        "Inspector",
        "Software and Configuration Checks/Vulnerabilities/CVE",
        "HIGH",
        "AwsEc2Instance",
    ),
    ("health", "Health", "Software and Configuration Checks/AWS Health", "LOW", "AwsAccount"),
)
_OWNERS = ("team-storage", "team-网络", "équipe-données", "platform", "team-payments")


@dataclass(frozen=True)
class Organization:
    """An organization whose administrator account sees every member's findings in the first Region.

    `resources`: how many resources of a type an account has in a Region, on average. `classic_share`: the
    share of accounts whose findings still come one a standard, as for hours after consolidation is turned on.
    `packs`: names of the conformance packs of AWS Config in each account and Region, of `pack_rules` rules
    each; none: Config is not used.
    `now`: findings are dated backwards from here; None: from the moment that `findings` is called.
    """

    account_count: int = 12
    regions: tuple[str, ...] = ("eu-west-1", "us-east-1")
    standards: tuple[str, ...] = (FSBP, CIS_1_2, CIS_1_4)
    resources: int = 2
    classic_share: float = 0.15
    disabled_controls: tuple[tuple[str, str], ...] = ((FSBP, "S3.11"), (CIS_1_4, "S3.20"))
    seed_number: int = 1
    now: datetime | None = None
    administrator: str = ADMINISTRATOR
    packs: tuple[str, ...] = ()
    pack_rules: int = 12
    _encoder: msgspec.json.Encoder = field(default_factory=msgspec.json.Encoder, repr=False, compare=False)

    @classmethod
    def of_size(cls, findings: int, **parameters: Any) -> "Organization":  # noqa: ANN401 - the fields of this class
        """Return an organization that has at least `findings` findings; `islice` the rest away."""
        sample = cls(account_count=12, **parameters)
        each = sum(1 for _ in sample.findings()) / sample.account_count
        return cls(account_count=int(findings / each * 1.1) + 6, **parameters)

    def accounts(self) -> tuple[Account, ...]:
        """Return the accounts, the administrator first."""
        return accounts(self.account_count)

    def seed(self) -> dict[str, Any]:
        """Return the hub's set-up as the emulator's control endpoint takes it."""
        config = self.config()
        return {
            "config": None if config is None else document_of(config),
            "now": None if self.now is None else _iso(self.now),
            "administrator": self.administrator,
            "regions": list(self.regions),
            "aggregation": {"region": self.regions[0], "mode": "ALL_REGIONS"},
            "control_finding_generator": "SECURITY_CONTROL",
            "standards": list(self.standards),
            "accounts": [{"id": a.id, "name": a.name, "email": a.email} for a in self.accounts()],
            "disabled_controls": [
                {
                    "standard": standard,
                    "control": control,
                    "account": "*",
                    "region": "*",
                    "reason": "not used",
                }
                for standard, control in self.disabled_controls
                if standard in self.standards
            ],
        }

    def config(self) -> SeedConfig | None:
        """Return what AWS Config has; None: nothing."""
        if not self.packs:
            return None
        return config_of(
            self.administrator,
            self.regions[0],
            self.packs,
            rules=self.pack_rules,
            seed_number=self.seed_number,
        )

    def findings(self, limit: int | None = None) -> Iterator[bytes]:
        """Yield findings in ASFF, each as JSON bytes, at most `limit` of them."""
        return islice(map(self._encoder.encode, self._all()), limit)

    def _all(self) -> Iterator[asff.Asff]:
        now, config = self.now or datetime.now(UTC), self.config()
        controls = [c for c in CONTROLS.values() if any(s in c.numbers for s in self.standards)]
        for account in self.accounts():
            classic = _share(self.seed_number, account.id, "classic") < self.classic_share
            for region in self.regions:
                place = _Place(
                    self, account, region, now, Random(f"{self.seed_number}/{account.id}/{region}")
                )
                for control in controls:
                    yield from place.checks(control, classic=classic)
                yield from place.others()
                if config is not None:
                    yield from findings_of(config, account.id, account.name, region, now)


class _Place:
    """One account in one Region."""

    def __init__(
        self, org: Organization, account: Account, region: str, now: datetime, random: Random
    ) -> None:
        self._org = org
        self._account = account
        self._region = region
        self._now = now
        self._random = random
        self._services: dict[str, int] = {}

    def checks(self, control: Control, *, classic: bool) -> Iterator[asff.Asff]:
        """Yield the findings of one control, one a resource; none where the standard has the control off."""
        org = self._org
        on = tuple(
            name
            for name in org.standards
            if name in control.numbers and (name, control.id) not in org.disabled_controls
        )
        if not on:
            return
        for index in range(self._count(control.resource_type)):
            seen = self._occurrence(control, index)
            if not classic:
                yield asff.consolidated(control, on, seen, odd_case=self._random.random() < 0.02)
                continue
            for standard in on:
                for number in control.numbers[standard]:
                    yield asff.classic(control, standard, number, seen, tied=self._random.random() < 0.5)

    def others(self) -> Iterator[asff.Asff]:
        """Yield what other products found here, and now and then a forged control finding."""
        for product, name, type_, severity, resource_type in _OTHER_PRODUCTS:
            for index in range(self._random.randint(0, 3)):
                seen = self._occurrence(_ANY[resource_type], index)
                yield asff.of_product(product, name, type_, severity, seen._replace(workflow="NEW"))
        if self._random.random() < 0.1:
            seen = self._occurrence(_ANY["AwsS3Bucket"], 0)
            yield asff.forged(_ANY["AwsS3Bucket"], seen._replace(compliance="FAILED", workflow="NEW"))

    def _count(self, resource_type: str) -> int:
        if resource_type == "AwsAccount":
            return 1
        if resource_type not in self._services:
            # Six services in ten are in use in an account and Region.
            used = self._random.random() < 0.6
            self._services[resource_type] = (
                self._random.randint(1, 2 * self._org.resources - 1) if used else 0
            )
        return self._services[resource_type]

    def _occurrence(self, control: Control, index: int) -> asff.Occurrence:
        draw = self._random.random
        compliance = self._compliance(control)
        archived = draw() < (0.5 if compliance == "NOT_AVAILABLE" else 0.02)
        age = timedelta(days=2 + 3 * draw()) if draw() < 0.01 else timedelta(hours=22 * draw())
        updated = self._now - age
        unique = _uuid(f"{self._org.seed_number}/{self._account.id}/{self._region}/{control.id}/{index}")
        return asff.Occurrence(
            account_id=self._account.id,
            account_name=self._account.name,
            region=self._region,
            resource_type=control.resource_type,
            resource_id=self._resource(control.resource_type, index),
            compliance=compliance,
            workflow=self._workflow(compliance),
            record_state="ARCHIVED" if archived else "ACTIVE",
            created_at=_iso(updated - timedelta(days=90 * draw())),
            updated_at=_iso(updated),
            unique=unique,
            resources=32 if draw() < 0.002 else 2 if draw() < 0.02 else 1,
            tags={"owner": _OWNERS[index % len(_OWNERS)], "cost-centre": f"cc-{len(self._account.name):03d}"},
        )

    def _compliance(self, control: Control) -> str:
        # Some controls fail everywhere, some nowhere: else every control of a large organization would fail.
        hardness = _share(self._org.seed_number, control.id, "hardness")
        failing = 0.0 if hardness < 0.55 else (1 - self._account.health) * 2 * hardness
        draw = self._random.random()
        if draw < failing:
            return "FAILED"
        if hardness > 0.9 and draw > 0.95:
            return "WARNING" if draw > 0.975 else "NOT_AVAILABLE"
        return "PASSED"

    def _workflow(self, compliance: str) -> str:
        if compliance == "PASSED":
            return "RESOLVED"
        draw = self._random.random()
        if draw < 0.06:
            return "SUPPRESSED"
        if draw < 0.12:
            return "NOTIFIED"
        return "RESOLVED" if draw < 0.14 else "NEW"

    def _resource(self, resource_type: str, index: int) -> str:
        partition = partition_of(self._region)
        if resource_type == "AwsAccount":
            return f"AWS::::Account:{self._account.id}"
        kind = resource_type.removeprefix("Aws").lower()
        if resource_type == "AwsS3Bucket":
            return f"arn:{partition}:s3:::{self._account.id}-data-{index}"
        if resource_type == "AwsEc2SecurityGroup":
            group = f"security-group/sg-{index:017x}"
            return f"arn:{partition}:ec2:{self._region}:{self._account.id}:{group}"
        return f"arn:{partition}:{kind}:{self._region}:{self._account.id}:{kind}/größe-{index:04d}"


_ANY = {control.resource_type: control for control in reversed(tuple(CONTROLS.values()))}


def _share(*parts: object) -> float:
    """Return a number in [0, 1) that the parts determine."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=6).digest()) / 2**48


def _uuid(text: str) -> str:
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
