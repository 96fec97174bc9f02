"""The standards and security controls that the emulated Security Hub knows.

Ids, titles, severities, triggers and the numbering of each standard are AWS's (Security Hub user guide: the
control reference, and "How consolidation impacts control IDs and titles"; CIS 3.0.0 from its own page). The
table itself is `controls.psv`, one control a line:

    id | severity C H M L | P periodic, C on change | resource type | membership | title

Membership lists the standards besides FSBP, in which a control is unless it says `-F`: `N` NIST 800-53, `R`
NIST 800-171, `12=` `14=` `30=` `50=` CIS 1.2.0, 1.4.0, 3.0.0, 5.0.0 with the number there (`1.7+4.3`: two),
`P=` PCI DSS 3.2.1, `P4` PCI DSS 4.0.1, `T` resource tagging, `A` AI, `CT` AWS Control Tower, `F=` FSBP under
an older number, `Z` the standard for Azure. The table has about half of AWS's controls, of the newer
standards some, and for Azure, of which no document names any, made-up ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS_1_2 = "cis-aws-foundations-benchmark/v/1.2.0"
CIS_1_4 = "cis-aws-foundations-benchmark/v/1.4.0"
CIS_3_0 = "cis-aws-foundations-benchmark/v/3.0.0"
CIS_5_0 = "cis-aws-foundations-benchmark/v/5.0.0"
PCI_DSS = "pci-dss/v/3.2.1"
PCI_DSS_4 = "pci-dss/v/4.0.1"
NIST_800_53 = "nist-800-53/v/5.0.0"
NIST_800_171 = "nist-800-171/v/2.0.0"
TAGGING = "aws-resource-tagging-standard/v/1.0.0"
AI = "ai-security-best-practices/v/1.0.0"
CONTROL_TOWER = "service-managed-aws-control-tower/v/1.0.0"
AZURE = "azure-foundational-security-best-practices/v/1.0.0"
"""Stands for AWS's standards of other clouds, of which `Provider` is documented and the ARN is not."""

SEVERITIES: Mapping[str, str] = MappingProxyType({"C": "CRITICAL", "H": "HIGH", "M": "MEDIUM", "L": "LOW"})
NORMALIZED_SEVERITY: Mapping[str, int] = MappingProxyType(
    {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
)
_MEMBERSHIP_KEYS = MappingProxyType(
    {
        "F": FSBP,
        "12": CIS_1_2,
        "14": CIS_1_4,
        "30": CIS_3_0,
        "50": CIS_5_0,
        "P": PCI_DSS,
        "P4": PCI_DSS_4,
        "N": NIST_800_53,
        "R": NIST_800_171,
        "T": TAGGING,
        "A": AI,
        "CT": CONTROL_TOWER,
        "Z": AZURE,
    }
)


PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eu-isof-": "aws-iso-f",
}
"""By the beginnings of the names of their Regions (botocore's partitions.json)."""


def partition_of(region: str) -> str:
    """Return the AWS partition that a Region belongs to (`aws`, `aws-cn`, `aws-us-gov`, …)."""
    return next((name for prefix, name in PARTITIONS.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True)
class Control:
    """A security control. `numbers`: for each standard it is in (by path), its numbers there, mostly one."""

    id: str
    title: str
    severity: str
    periodic: bool
    resource_type: str
    numbers: Mapping[str, tuple[str, ...]] = field(hash=False)

    @property
    def provider(self) -> str:
        """The cloud whose resources it checks."""
        return "Azure" if AZURE in self.numbers else "AWS"

    @property
    def description(self) -> str:
        """One sentence in the manner of AWS's control descriptions."""
        return f"This AWS control checks the following requirement: {self.title.rstrip('.')}."

    @property
    def remediation_url(self) -> str:
        """Where AWS says how to fix it."""
        return f"https://docs.aws.amazon.com/console/securityhub/{self.id}/remediation"

    def arn(self, account: str, region: str) -> str:
        """Return the SecurityControlArn in one account and Region."""
        return f"arn:{partition_of(region)}:securityhub:{region}:{account}:security-control/{self.id}"

    def related_requirements(self, standard: str) -> list[str]:
        """Return what `RelatedRequirements` says for a CIS standard; for others nothing is known here."""
        if not standard.startswith("cis-"):
            return []
        version = standard.rpartition("/")[2]
        return [f"CIS AWS Foundations Benchmark v{version}/{number}" for number in self.numbers[standard]]


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard. `path` is what its ARNs share (`pci-dss/v/3.2.1`), `kind` what stands before it there.

    `provider`: the cloud whose resources it is about. `prefix`: before its numbers in findings' `ControlId`.
    """

    path: str
    name: str
    enabled_by_default: bool
    kind: str = "standards"
    provider: str = "AWS"
    prefix: str = ""

    @property
    def standards_id(self) -> str:
        """As `Compliance.AssociatedStandards[].StandardsId` spells it."""
        return f"{self.kind}/{self.path}"

    def arn(self, region: str) -> str:
        """Return the StandardsArn; the ruleset of CIS 1.2.0 is global, all others belong to a Region."""
        region_part = "" if self.kind == "ruleset" else region
        return f"arn:{partition_of(region)}:securityhub:{region_part}::{self.standards_id}"

    def subscription_arn(self, account: str, region: str) -> str:
        """Return the StandardsSubscriptionArn of one account and Region."""
        return f"arn:{partition_of(region)}:securityhub:{region}:{account}:subscription/{self.path}"

    def control_arn(self, account: str, region: str, number: str) -> str:
        """Return the StandardsControlArn of one numbered control in one account and Region."""
        return f"arn:{partition_of(region)}:securityhub:{region}:{account}:control/{self.path}/{number}"

    def generator_id(self, number: str, region: str) -> str:
        """Return the GeneratorId of classic findings (one finding a standard) for one numbered control."""
        if self.kind == "ruleset":
            return f"{self.arn(region)}/rule/{number}"
        return f"{self.path}/{number}"

    def controls(self) -> tuple[Control, ...]:
        """Return the standard's controls, in the order of the catalogue."""
        return _controls_of(self.path)

    def by_number(self) -> Mapping[str, Control]:
        """Return the standard's controls by the standard's own number (`1.10`, `PCI.EC2.2`, `ELBv2.1`)."""
        return _by_number(self.path)


def _read_controls() -> Iterator[Control]:
    text = Path(__file__).with_name("controls.psv").read_text(encoding="utf-8")
    for line in text.splitlines():
        control_id, severity, trigger, resource_type, membership, title = line.split("|")
        numbers: dict[str, tuple[str, ...]] = {} if "-F" in membership.split() else {FSBP: (control_id,)}
        for entry in membership.replace("-F", "").split():
            key, _, written = entry.partition("=")
            numbers[_MEMBERSHIP_KEYS[key]] = tuple(written.split("+")) if written else (control_id,)
        yield Control(
            id=control_id,
            title=title,
            severity=SEVERITIES[severity],
            periodic=trigger == "P",
            resource_type=resource_type,
            numbers=MappingProxyType(numbers),
        )


CONTROLS: Mapping[str, Control] = MappingProxyType({control.id: control for control in _read_controls()})
"""Every security control, by id, spelled as AWS spells it (`Autoscaling.5`, `Opensearch.1`)."""

STANDARDS: Mapping[str, Standard] = MappingProxyType(
    {
        standard.path: standard
        for standard in (
            Standard(FSBP, "AWS Foundational Security Best Practices v1.0.0", enabled_by_default=True),
            Standard(
                CIS_1_2, "CIS AWS Foundations Benchmark v1.2.0", enabled_by_default=True, kind="ruleset"
            ),
            Standard(CIS_1_4, "CIS AWS Foundations Benchmark v1.4.0", enabled_by_default=False),
            Standard(CIS_3_0, "CIS AWS Foundations Benchmark v3.0.0", enabled_by_default=False),
            Standard(CIS_5_0, "CIS AWS Foundations Benchmark v5.0.0", enabled_by_default=False),
            Standard(PCI_DSS, "PCI DSS v3.2.1", enabled_by_default=False),
            Standard(PCI_DSS_4, "PCI DSS v4.0.1", enabled_by_default=False),
            Standard(NIST_800_53, "NIST Special Publication 800-53 Revision 5", enabled_by_default=False),
            Standard(NIST_800_171, "NIST Special Publication 800-171 Revision 2", enabled_by_default=False),
            Standard(TAGGING, "AWS Resource Tagging Standard v1.0.0", enabled_by_default=False),
            Standard(AI, "AI Security Best Practices v1.0.0", enabled_by_default=False),
            Standard(
                CONTROL_TOWER,
                "Service-Managed Standard: AWS Control Tower",
                enabled_by_default=False,
                prefix="CT.",
            ),
            Standard(
                AZURE,
                "Azure Foundational Security Best Practices v1.0.0",
                enabled_by_default=False,
                provider="Azure",
            ),
        )
    }
)
"""Every standard, by path."""


def standard_of_arn(arn: str) -> Standard | None:
    """Return the standard that a StandardsArn, subscription ARN or StandardsId ends in, or None."""
    for standard in STANDARDS.values():
        if arn == standard.path or arn.endswith("/" + standard.path):
            return standard
    return None


def control_of_id(control_id: str) -> Control | None:
    """Return the control with this id, compared without case as AWS's casing of ids varies, or None."""
    return _by_folded_id().get(control_id.casefold())


@cache
def _by_folded_id() -> Mapping[str, Control]:
    return {control.id.casefold(): control for control in CONTROLS.values()}


@cache
def _controls_of(path: str) -> tuple[Control, ...]:
    return tuple(control for control in CONTROLS.values() if path in control.numbers)


@cache
def _by_number(path: str) -> Mapping[str, Control]:
    return MappingProxyType(
        {number: control for control in _controls_of(path) for number in control.numbers[path]}
    )
