"""A Security Hub finding as every rule sees it: plain, immutable, only what is needed.

Field meanings are those of ASFF (AWS Security Finding Format, schema 2018-10-08). Times are integer
microseconds since the Unix epoch, UTC, so that they sort, compare and store without conversion.
"""

from enum import IntEnum
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


class Check(NamedTuple):
    """What a finding is a check of. Findings with equal checks differ in account, Region and resource.

    `own`: the ProductArn is Security Hub's own
    (`arn:<partition>:securityhub:<region>::product/aws/securityhub`); any other product can name any control,
    so only own findings are ever scored. `control`: upper-cased id; of a consolidated finding or wherever
    `Compliance.SecurityControlId` is there the security control (`CLOUDTRAIL.4`), else the number that the
    one standard gives it (`1.10`, `PCI.EC2.2`); empty when the finding names none.
    `numbered`: `control` is such a standard's number and must be tied to its security control.
    `standards`: sorted, spelled as in a target's spec (`cis-aws-foundations-benchmark/v/1.4.0`).
    """

    product: str
    own: bool
    control: str
    numbered: bool
    standards: tuple[str, ...]


class Finding(NamedTuple):
    """One finding. `(product_arn, id)` is its identity; the rest is the provider's or the customer's.

    Customer fields (`workflow`, `note`, `user_fields`, `note_by`) change without a change of `updated_at`
    (BatchUpdateFindings in the API reference); all others are the provider's. `note_by`: who wrote the note
    (`Note.UpdatedBy`), empty without one.
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
