"""A hub's standards: which controls each has, which of them are on, and to which of them a finding belongs.

Classic findings number the controls of a standard in its own way; what the findings of a control make of it
is its status.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from posture.domain.findings import CONFIG, SECURITY_HUB, Check, CheckSource, sounds_own

AWS = "AWS"
"""`Provider` of a standard about AWS, and of one that does not say (API reference, Standard)."""

OF_AWS = (
    "aws-foundational-security-best-practices/v/1.0.0",
    "ai-security-best-practices/v/1.0.0",
    "aws-resource-tagging-standard/v/1.0.0",
    "cis-aws-foundations-benchmark/v/1.2.0",
    "cis-aws-foundations-benchmark/v/1.4.0",
    "cis-aws-foundations-benchmark/v/3.0.0",
    "cis-aws-foundations-benchmark/v/5.0.0",
    "nist-800-171/v/2.0.0",
    "nist-800-53/v/5.0.0",
    "pci-dss/v/3.2.1",
    "pci-dss/v/4.0.1",
    "service-managed-aws-control-tower/v/1.0.0",
)
"""The standards about AWS that this version knows of (user guide, "Standards reference for Security Hub").

AWS adds others: whether one can be scored is decided by what the hub has enabled, never by this list."""

_PACK = "conformance-pack/"
CONFIG_RULES = "config-rules"
"""The standard of the rules of AWS Config that a target names."""


def pack_standard(pack: str) -> str:
    """Return the standard of a conformance pack, by the pack's name."""
    return f"{_PACK}{pack}"


def pack_of(standard: str) -> str:
    """Return the pack that a standard is; empty where it is none."""
    return standard.removeprefix(_PACK) if standard.startswith(_PACK) else ""


class ControlAssociation(NamedTuple):
    """A security control in one standard, in the hub's own account and Region.

    `id`: as AWS spells it (`CloudTrail.4`). `enabled`: the association status. `numbers`: the standard's own
    numbers for it (`1.10`, `PCI.EC2.2`; from StandardsControlArns), as classic findings name it.
    """

    id: str
    enabled: bool
    numbers: tuple[str, ...] = ()


class Standard(NamedTuple):
    """A standard that is enabled in the hub."""

    name: str
    """The spec's spelling."""
    arn: str
    """AWS's spelling."""
    controls: Mapping[str, ControlAssociation]
    """By the upper-cased security control id."""
    complete: bool = True
    """False where the reader may not list the controls or their associations: then a control is enabled while
    it has findings, and an expected score does not exist."""
    status: str = "READY"
    """StandardsStatus of GetEnabledStandards (`READY`, `PENDING`, …)."""
    provider: str = AWS
    """The cloud whose resources it is about; Security Hub has standards for others than AWS too."""
    closed: bool = False
    """No control belongs to it but those listed."""
    reason: str = ""
    """StatusReasonCode, why it is INCOMPLETE or FAILED; empty where nothing is said."""

    @property
    def of_aws(self) -> bool:
        """Whether it is about AWS: `*` means no others."""
        return self.provider == AWS


class ControlStatus(Enum):
    """Status of a control in a scope.

    Security Hub user guide, "Evaluating compliance status and control status": ignored are suppressed and
    archived findings; the first that fits, top down.
    """

    DISABLED = "disabled"
    NO_DATA = "no_data"
    FAILED = "failed"
    UNKNOWN = "unknown"
    PASSED = "passed"


class Controls:
    """What a hub's standards know of controls; ties findings to them.

    `standards`: the hub's, by name. Findings of standards that are not among them keep what they say
    themselves.
    """

    __slots__ = ("_numbers", "_resolved", "_spelled", "standards")

    def __init__(self, standards: Mapping[str, Standard]) -> None:
        self.standards = standards
        self._numbers = {name: _numbers(standard) for name, standard in standards.items()}
        self._spelled = {
            key: association.id
            for name in sorted(standards, reverse=True)
            for key, association in standards[name].controls.items()
        }
        self._resolved: dict[Check, tuple[tuple[str, str], ...]] = {}

    def pairs_of(self, check: Check) -> tuple[tuple[str, str], ...]:
        """Return the (standard, control) pairs that a check belongs to, controls upper-cased.

        None for another product's finding, whatever control it names: anyone in a member account can import a
        finding that names any (BatchImportFindings). A consolidated finding belongs to all its standards; a
        classic one to its own, under the security control that its number is tied to there, or under the
        number itself where no control is.
        """
        resolved = self._resolved.get(check)
        if resolved is None:
            resolved = self._resolved[check] = tuple(self._resolve(check))
        return resolved

    def _resolve(self, check: Check) -> Iterable[tuple[str, str]]:
        if not check.source or not check.control:
            return
        for standard in sorted(set(check.standards)):
            known = self.standards.get(standard)
            if known is not None and known.closed and check.control not in known.controls:
                continue
            numbers = self._numbers.get(standard, {}) if check.numbered else {}
            yield standard, numbers.get(check.control, check.control)

    def identity(self, standard: str, control: str) -> str:
        """Return what tells a control from others when standards are pooled.

        A security control is the same one in every standard. A bare number that no control is tied to
        (`1.10`) is a different control in every standard, so the standard becomes part of it. A rule of AWS
        Config is the same one in every pack, whatever it is called.
        """
        known = standard in self.standards and control in self.standards[standard].controls
        known = known or standard == CONFIG_RULES or bool(pack_of(standard))
        return control if known or any(map(str.isalpha, control)) else f"{standard}/{control}"

    def spelled(self, control: str) -> str:
        """Return a control's id as AWS spells it (`CloudTrail.4`), or as given where no standard knows it."""
        return self._spelled.get(control, control)


def product_of(check: Check) -> str | None:
    """Return the product to count a finding under; None for one that only calls itself Security Hub.

    A custom integration chooses its ProductName (BatchImportFindings), the ProductArn is AWS's.
    """
    if check.source is not None:
        return CONFIG if check.source is CheckSource.CONFIG else SECURITY_HUB
    return None if sounds_own(check.product) else check.product


def _numbers(standard: Standard) -> dict[str, str]:
    """Map a standard's own numbers, upper-cased, to its controls; of several controls, the first by id."""
    return {
        number.upper(): key
        for key in sorted(standard.controls, reverse=True)
        for number in standard.controls[key].numbers
    }
