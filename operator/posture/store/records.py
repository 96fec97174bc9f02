"""What goes into a store and comes out of it. Times are microseconds since the epoch by AWS's clock.

A hub of a million findings has some hundred thousand cells. One call that sorts so many tuples takes half a
second, one that lets them all go a tenth, and neither lets another thread run meanwhile: the event loop would
stand still although it is the hub's thread that works. So they are gone through in a loop in Python, which
gives way every few milliseconds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import msgspec

from posture.domain.consistency import supersedes
from posture.domain.findings import Cell, Finding, Rejection, Workflow
from posture.domain.objectives.failed import FailedCell, ResolveLimits
from posture.domain.time import cutoff

CellKey: TypeAlias = tuple[int, int, int]
"""A cell within one open store (check, account, Region); it means nothing outside, nor after a restart."""

_encode = msgspec.msgpack.Encoder().encode


def key_of(product_arn: str, finding_id: str) -> bytes:
    """Return the 16 bytes that stand for a finding's identity (ProductArn, Id) in a store.

    The encoding says where each text ends: whatever is in them, two pairs never read the same.
    """
    return blake2b(_encode((product_arn, finding_id)), digest_size=16).digest()


class Read(NamedTuple):
    """One answer of GetFindings. `asked_at`: when its request started.

    `unreadable`: by key, why some of the findings have a default in the place of what was odd. `wholes`: by
    key, findings as Security Hub gave them; none where no output wants them.
    """

    findings: Sequence[Finding]
    asked_at: int
    unreadable: Mapping[bytes, str] = MappingProxyType({})
    wholes: Mapping[bytes, bytes] = MappingProxyType({})


class FindingRef(NamedTuple):
    """A stored finding by its key, and by what GetFindings can be asked for."""

    key: bytes
    id: str
    product_arn: str


class Members(Enum):
    """Sets of stored findings that are listed again and compared.

    `EXCEPTIONAL`: ACTIVE with Workflow SUPPRESSED or NOTIFIED, or RESOLVED while not PASSED. `NOT_PASSED`:
    ACTIVE and not PASSED, those without Compliance too. `UNSUPPRESSED`: those of them but the SUPPRESSED.
    """

    ALL = "all"
    ACTIVE = "active"
    EXCEPTIONAL = "exceptional"
    NOT_PASSED = "not passed"
    UNSUPPRESSED = "unsuppressed"


class Written(NamedTuple):
    """What a transaction changed."""

    changed: int
    """Rows inserted, changed or removed."""
    cells: set[CellKey]
    """Where they were and are, with those of archived rows left out."""
    corrections: Mapping[str, int]
    """By reason, rows that the changes should have brought before the sweep did."""
    renamed: bool = False
    """An account has another name now."""
    news: int | None = None
    """The smallest `updated_at` of the rows that are new or came to a greater one; None when there are none,
    as when only workflows changed."""
    unreadable: Sequence[Rejection] = ()
    """Those of the rows of which that had not been said yet."""
    archived: AbstractSet[CellKey] = frozenset()
    """Where archived rows with a note or user-defined fields were and are; others of them concern nobody."""
    rejected: Sequence[Rejection] = ()
    """Findings that cannot be stored, of which that had not been said yet either."""
    doubtful: Sequence[FindingRef] = ()
    """Findings left as they were, since the time of a copy is too vague to tell whether it is the newer."""


class CellRow(NamedTuple):
    """A cell as it is stored. `cell` is None when it was asked for by key and has no ACTIVE finding.

    `oldest_fresh`: the smallest `updated_at` inside the evaluation window: when the cell's counts change next
    by the passing of time alone. None: nothing in it is fresh.
    """

    key: CellKey
    cell: Cell | None
    oldest_fresh: int | None


class FailedAsk(NamedTuple):
    """What is asked of failed findings, in µs: which may fail for how long, as of when.

    `window`: the evaluation window, outside of which Security Hub's own do not count.
    """

    window: int
    limits: ResolveLimits
    now: int

    @property
    def cutoff(self) -> int:
        """Since when a finding of Security Hub's own must have been updated to count."""
        return cutoff(self.now, self.window)


class FailedRow(NamedTuple):
    """A cell's failed findings as they are stored. `cell`: None when it was asked for by key and has none.

    `changes_after`: the last moment at which it is as it is, unless it is written to. None: it does not age.
    """

    key: CellKey
    cell: FailedCell | None
    changes_after: int | None


class Summary(NamedTuple):
    """How much is stored."""

    findings: int
    active: int
    products: Mapping[str, int]
    """Rows by product name, archived ones too."""
    oldest_asked_at: int | None
    """The longest time ago that a row was last seen; None when there is none."""


class CustomerWrite(NamedTuple):
    """Customer fields as BatchUpdateFindings was asked to set them; None: not part of the request."""

    key: bytes
    workflow: Workflow | None = None
    note: str | None = None
    user_fields: tuple[tuple[str, str], ...] | None = None
    note_by: str = ""
    """The note's `UpdatedBy`."""


def in_order(cells: Iterable[CellKey]) -> Iterator[CellKey]:
    """Yield cells in the order in which the store has them; they are looked through before the first."""
    by_check: dict[int, dict[int, list[CellKey]]] = {}
    for cell in cells:
        by_check.setdefault(cell[0], {}).setdefault(cell[1], []).append(cell)
    for check in sorted(by_check):
        by_account = by_check.pop(check)
        for account in sorted(by_account):
            yield from sorted(by_account.pop(account))


def let_go(cells: set[CellKey]) -> None:
    """Empty a set; nobody else may use it."""
    while cells:
        cells.pop()


Copy = tuple[Finding, int]
"""A finding, and when the request that returned it started."""


class Copies(NamedTuple):
    """The copies of several answers, by key."""

    newest: Mapping[bytes, Copy]
    """The one of each finding that counts."""
    before: Mapping[bytes, Sequence[Copy]]
    """Those that counted until a later one came, in that order; mostly there are none."""


def newest_copies(reads: Sequence[Read]) -> Copies:
    """Return which copies of findings count among several answers."""
    newest: dict[bytes, Copy] = {}
    before: dict[bytes, list[Copy]] = {}
    for findings, asked_at, _, _ in reads:
        for finding in findings:
            key = key_of(finding.product_arn, finding.id)
            known = newest.get(key)
            if known is None:
                newest[key] = (finding, asked_at)
            elif supersedes((finding.updated_at, asked_at), (known[0].updated_at, known[1])):
                before.setdefault(key, []).append(known)
                newest[key] = (finding, asked_at)
    return Copies(newest, before)
