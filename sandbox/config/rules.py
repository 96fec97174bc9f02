"""Rules of one account and Region, in packs and alone, and what they say of resources.

Config developer guide, "Conformance packs": a pack's rules have names of their own in each account and
Region, `<name in the template>-<ConformancePackId>`. A rule is compliant if all resources that it evaluated
are; one that evaluated none has no result (API reference, AggregateComplianceByConfigRule).
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b, sha1
from types import MappingProxyType
from typing import Final, NamedTuple

from sandbox.securityhub.catalogue import partition_of

COMPLIANT: Final = "COMPLIANT"
NON_COMPLIANT: Final = "NON_COMPLIANT"
INSUFFICIENT_DATA: Final = "INSUFFICIENT_DATA"
STATES = (COMPLIANT, NON_COMPLIANT, INSUFFICIENT_DATA)

CAP = 25
"""Beyond this many contributors are not counted (API reference, ComplianceContributorCount)."""
PACK_SUFFIX = "-conformance-pack-"
"""Between a rule's name in a pack and what the account adds."""
OWN_PREFIX = "securityhub-"
"""Of the rules that Security Hub makes for its controls."""
_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = {"config-rule": 6, "conformance-pack": 9}
# By what the names of AWS's managed rules begin with: a type in Config, one in ASFF, an ARN.
_RESOURCES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "s3-": ("AWS::S3::Bucket", "AwsS3Bucket", "arn:{partition}:s3:::{id}"),
        "ec2-": (
            "AWS::EC2::Instance",
            "AwsEc2Instance",
            "arn:{partition}:ec2:{region}:{account}:instance/{id}",
        ),
        "rds-": (
            "AWS::RDS::DBInstance",
            "AwsRdsDbInstance",
            "arn:{partition}:rds:{region}:{account}:db:{id}",
        ),
        "iam-": ("AWS::IAM::User", "AwsIamUser", "arn:{partition}:iam::{account}:user/{id}"),
        "": ("AWS::::Account", "AwsAccount", "AWS::::Account:{id}"),
    }
)


class Evaluation(NamedTuple):
    """What a rule says of one resource. `recorded_at`: µs since the epoch, 0 where that is of no account."""

    resource_type: str
    resource_id: str
    compliance: str
    recorded_at: int = 0
    annotation: str = ""


class Pack(NamedTuple):
    """A conformance pack of one account and Region. `created_by`: of a pack of the organization."""

    name: str
    id: str
    created_by: str = ""


class RuleSet:
    """Rules that were made together: those of a pack, or `pack` None.

    `names`: as in the template, shared by all accounts; `suffix` is what the account adds. For each rule one
    byte says what is true, and one what aggregators have collected. `given`, `given_collected`: evaluations
    that were set one by one; those of all other rules are made up from their state.
    """

    __slots__ = (
        "account",
        "collected",
        "deleted",
        "given",
        "given_collected",
        "names",
        "pack",
        "region",
        "suffix",
        "true",
    )

    def __init__(
        self,
        account: str,
        region: str,
        names: tuple[str, ...],
        states: Iterable[int],
        pack: Pack | None = None,
    ) -> None:
        self.account, self.region, self.names, self.pack = account, region, names, pack
        self.suffix = "" if pack is None else f"-{pack.id}"
        self.true = bytearray(states)
        self.collected = bytearray(self.true)
        self.given: dict[int, tuple[Evaluation, ...]] = {}
        self.given_collected: dict[int, tuple[Evaluation, ...]] = {}
        self.deleted = False

    def name(self, index: int) -> str:
        """Return the whole name of a rule in its account."""
        return self.names[index] + self.suffix

    def index(self, name: str) -> int | None:
        """Find a rule by its whole name."""
        if not name.endswith(self.suffix):
            return None
        inner = name[: len(name) - len(self.suffix)]
        return self.names.index(inner) if inner in self.names else None

    def set(self, index: int, evaluations: Sequence[Evaluation]) -> None:
        """Set what a rule says of resources: this is true at once, and collected by `collect`."""
        self.given[index] = tuple(evaluations)
        self.true[index] = STATES.index(compliance_of(evaluations))

    def collect(self, index: int) -> None:
        """Let aggregators see what is true of a rule."""
        self.collected[index] = self.true[index]
        if index in self.given:
            self.given_collected[index] = self.given[index]

    def evaluations(self, index: int, *, collected: bool) -> tuple[Evaluation, ...]:
        """Return what a rule says of resources, as aggregators have collected it or as it is."""
        given = self.given_collected if collected else self.given
        if index in given:
            return given[index]
        state = (self.collected if collected else self.true)[index]
        return made_up(self.account, self.region, self.name(index), STATES[state])


def compliance_of(evaluations: Iterable[Evaluation]) -> str:
    """Return what a rule is by what it says of its resources."""
    said = {each.compliance for each in evaluations}
    return NON_COMPLIANT if NON_COMPLIANT in said else COMPLIANT if COMPLIANT in said else INSUFFICIENT_DATA


def made_up(account: str, region: str, rule: str, compliance: str) -> tuple[Evaluation, ...]:
    """Return evaluations of one to three resources that make a rule what it is."""
    if compliance == INSUFFICIENT_DATA:
        return ()
    kind = _kind_of(rule)
    many = 1 if kind == "AWS::::Account" else 1 + digest_of(rule, account, region)[0] % 3
    return tuple(
        Evaluation(
            kind,
            account if kind == "AWS::::Account" else f"{kind.rpartition(':')[2].lower()}-{account}-{number}",
            compliance,
        )
        for number in range(many)
    )


def _kind_of(rule: str) -> str:
    return next(kind for prefix, (kind, _, _) in _RESOURCES.items() if rule.startswith(prefix))


def in_asff(evaluation: Evaluation, account: str, region: str) -> tuple[str, str]:
    """Return a resource's type and Id in a finding: its ARN where that is known, as Config's id else."""
    for kind, asff, arn in _RESOURCES.values():
        if kind == evaluation.resource_type:
            place = {"partition": partition_of(region), "region": region, "account": account}
            return asff, arn.format(id=evaluation.resource_id, **place)
    return "Other", evaluation.resource_id


def rule_arn(account: str, region: str, rule: str) -> str:
    """Return the ARN of a rule, which has its id, and not its name."""
    identifier = made_id("config-rule", account, region, rule)
    return f"arn:{partition_of(region)}:config:{region}:{account}:config-rule/{identifier}"


def made_id(kind: str, *parts: str) -> str:
    """Return an id as Config makes them (`config-rule-a1b2c3`), always the same for the same parts."""
    letters = (_ALPHABET[byte % len(_ALPHABET)] for byte in digest_of(*parts))
    return f"{kind}-{''.join(letters)[: _ID_LENGTH[kind]]}"


def finding_digest(*parts: str) -> str:
    """Return forty hexadecimal digits, always the same for the same parts."""
    return sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()


def digest_of(*parts: object) -> bytes:
    """Return bytes that the parts determine."""
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).digest()
