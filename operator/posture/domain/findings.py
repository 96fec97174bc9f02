"""Security Hub's findings as every rule sees them, one by one and counted: plain, immutable data.

Field meanings are those of ASFF (AWS Security Finding Format, schema 2018-10-08). Times are integer
microseconds since the Unix epoch, UTC, so that they sort, compare and store without conversion. AWS renamed
Security Hub, and its findings bear the older or the newer name of the product: both mean the same wherever a
name is written or read; what is kept, counted and shown has the older one. What decides a score is counted in
cells: findings of the same check, in the same account and Region.
"""

from enum import Enum, IntEnum
from typing import NamedTuple


class Compliance(IntEnum):
    """`Compliance.Status`. `NONE`: the finding has no Compliance (Inspector, GuardDuty, Health)."""

    PASSED = 0
    FAILED = 1
    WARNING = 2
    NOT_AVAILABLE = 3
    NONE = 4


class Workflow(IntEnum):
    """`Workflow.Status`."""

    NEW = 0
    NOTIFIED = 1
    RESOLVED = 2
    SUPPRESSED = 3


class RecordState(IntEnum):
    """`RecordState`."""

    ACTIVE = 0
    ARCHIVED = 1


class Severity(IntEnum):
    """`Severity.Label`, least severe first."""

    INFORMATIONAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Resource(NamedTuple):
    """One entry of `Resources`; `tags` are what was true when the finding was processed: a hint."""

    type: str
    id: str
    tags: tuple[tuple[str, str], ...] = ()


class CheckSource(Enum):
    """Who evaluates controls."""

    SECURITY_HUB = "SecurityHub"
    CONFIG = "Config"
    """AWS Config: what it says of rules are results, not findings."""


class Check(NamedTuple):
    """What a finding is a check of. Findings with equal checks differ in account, Region and resource."""

    product: str
    source: CheckSource | None
    """Whose evaluation it is: Security Hub's where the ProductArn is its own
    (`arn:<partition>:securityhub:<region>::product/aws/securityhub`). Any other product can name any control,
    so what has no source is never scored. No finding has Config's: its results are read from Config."""
    control: str
    """Upper-cased id; of a consolidated finding or wherever `Compliance.SecurityControlId` is there the
    security control (`CLOUDTRAIL.4`), else the number that the one standard gives it (`1.10`, `PCI.EC2.2`);
    empty when the finding names none."""
    numbered: bool
    """`control` is such a standard's number and must be tied to its security control."""
    standards: tuple[str, ...]
    """Sorted, spelled as in a target's spec (`cis-aws-foundations-benchmark/v/1.4.0`)."""


class FailingSince(NamedTuple):
    """Since when a finding fails, in µs.

    `FirstObservedAt` is of the first check, which the finding may have passed: good enough to be told, and no
    proof. So it is told apart from what copies have shown.
    """

    since: int
    """As people are told; before `seen` only where the finding was failing when it was first read."""
    seen: int
    """`UpdatedAt` of the first of the copies that were read and show it failing, without another between."""


class Finding(NamedTuple):
    """One finding, as a copy of it says or a store has it.

    `(product_arn, id)` is its identity; the rest is the provider's or the customer's.

    Customer fields (`workflow`, `note`, `user_fields`, `note_by`) change without a change of `updated_at`
    (BatchUpdateFindings in the API reference); all others are the provider's.
    """

    id: str
    product_arn: str
    check: Check
    account_id: str
    account_name: str
    region: str
    title: str
    severity: Severity
    compliance: Compliance
    record_state: RecordState
    created_at: int
    updated_at: int
    resources: tuple[Resource, ...]
    workflow: Workflow
    note: str
    user_fields: tuple[tuple[str, str], ...]
    note_by: str = ""
    """Who wrote the note (`Note.UpdatedBy`); empty without one."""
    first_observed_at: int | None = None
    """Of a copy alone; a store has `failing` instead."""
    failing: FailingSince | None = None
    """Of a store alone; None where the finding does not fail, or since when is not known."""


class FindingId(NamedTuple):
    """What tells a finding from all others: an Id is one of its product."""

    product_arn: str
    id: str


class Rejection(NamedTuple):
    """A finding that could not be stored, or that was stored with a default for what could not be read."""

    id: str
    """Its Id, or `sha256:` and a digest of its bytes where it has none."""
    product_arn: str
    """Empty where it has none."""
    account_id: str
    """Empty where it has none."""
    why: str

    @property
    def finding(self) -> FindingId:
        """Name the finding."""
        return FindingId(self.product_arn, self.id)


SECURITY_HUB = "Security Hub"
CONFIG = "Config"
"""ProductName of the findings that AWS Config sends to Security Hub."""
OWN_NAMES = (SECURITY_HUB, "Security Hub CSPM")
"""ProductName of Security Hub's own findings (API reference, StringFilter). Others may write it too."""

_FOLDED = frozenset(name.casefold() for name in OWN_NAMES)


def product_named(name: str) -> str:
    """Return the product that a name means."""
    return SECURITY_HUB if name in OWN_NAMES else name


def names_of(product: str) -> tuple[str, ...]:
    """Return every name of a product."""
    return OWN_NAMES if product == SECURITY_HUB else (product,)


def sounds_own(name: str) -> bool:
    """Tell whether a name would be taken for Security Hub's own, in whatever case."""
    return name.casefold() in _FOLDED


class Count(NamedTuple):
    """How many ACTIVE findings of a cell look alike."""

    severity: Severity
    compliance: Compliance
    workflow: Workflow
    fresh: bool
    """Updated within the evaluation window before the moment that the caller reckons with."""
    n: int


class Cell(NamedTuple):
    """All ACTIVE findings of one check in one account and Region; archived ones are in no cell."""

    check: Check
    account_id: str
    region: str
    counts: tuple[Count, ...]
