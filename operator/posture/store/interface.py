"""What a store of findings can do, whatever it is kept in. Nothing above knows more of it.

A store belongs to one thread at a time. Every method may raise `StoreUnavailable` or `StoreLost`. Times are
integer microseconds since the epoch by AWS's clock. Iterators read page by page: the store may be written to
while they run, and rows that move meanwhile are met once, twice or not at all.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from posture.domain.exceptions.marks import IsOurs
from posture.domain.findings import Check, Finding, RecordState, Rejection
from posture.store.errors import Stop
from posture.store.outbox import Outbox
from posture.store.records import (
    CellKey,
    CellRow,
    CustomerWrite,
    FailedAsk,
    FailedRow,
    FindingRef,
    Members,
    Read,
    Summary,
    Written,
)


class KeptState(Protocol):
    """Short texts by key, kept beside the findings: cursors, progress, attempts."""

    def state(self, key: str) -> str | None:
        """Return a stored text; None when there is none."""
        ...

    def states(self, prefix: str = "") -> dict[str, str]:
        """Return the stored texts whose keys begin so."""
        ...

    def put_state(self, state: Mapping[str, str | None]) -> None:
        """Store texts by key; None deletes one."""
        ...


class KeptMoments(Protocol):
    """Moments (µs) by subject and key, kept beside the findings: many of them, of which few change."""

    def moments(self, subject: str) -> dict[bytes, int]:
        """Return the moments of a subject by key; empty where there is none."""
        ...

    def put_moments(
        self, changed: Mapping[str, Mapping[bytes, int | None]], *, subjects: Collection[str]
    ) -> None:
        """Store moments by subject and key in one transaction; None deletes one.

        All subjects that are not among `subjects` are forgotten first.
        """
        ...


class FindingRows(Protocol):
    """The findings as they are stored, to be read."""

    def unconfirmed(self, now: int) -> list[FindingRef]:
        """Return findings whose write no read has shown in time: read them by Id to know what they are."""
        ...

    def seen_before(self, keys: Collection[bytes], asked_at: int) -> list[FindingRef]:
        """Return those of some findings that no request since `asked_at` has returned."""
        ...

    def unread(
        self, which: Members, asked_before: int, *, products: Collection[str] | None = None
    ) -> Iterator[FindingRef]:
        """Yield the members that no request since `asked_before` has returned.

        After a complete sweep that began then: what may be gone. After a re-list: what has left the set.
        """
        ...

    def count(
        self,
        which: Members = Members.ALL,
        *,
        asked_before: int | None = None,
        products: Collection[str] | None = None,
    ) -> int:
        """Count the members of a set; only those not returned since `asked_before`, when that is given.

        How many there are of all is known, nothing is read for it.
        """
        ...

    def cells(self, keys: Collection[CellKey] | None, *, cutoff: int) -> Iterator[CellRow]:
        """Yield the cells of `keys`, or all that have ACTIVE findings; fresh: updated since `cutoff`."""
        ...

    def failed_cells(self, keys: Collection[CellKey] | None, ask: FailedAsk) -> Iterator[FailedRow]:
        """Yield the failed findings of the cells of `keys`, or of all, and what is overdue of them."""
        ...

    def findings_of(self, cell: CellKey) -> Iterator[Finding]:
        """Yield the ACTIVE findings of a cell."""
        ...

    def overdue_findings(self, cell: CellKey, ask: FailedAsk, *, most: int) -> list[Finding]:
        """Return the findings of a cell that are overdue for the longest, that first."""
        ...

    def read_findings(self, keys: Collection[bytes]) -> Iterator[Finding]:
        """Yield the findings of some keys; those that are not stored are left out."""
        ...

    def findings(
        self,
        *,
        checks: Collection[Check] | None = None,
        accounts: Collection[str] | None = None,
        regions: Collection[str] | None = None,
        state: RecordState = RecordState.ACTIVE,
    ) -> Iterator[Finding]:
        """Yield the findings of some checks, accounts and Regions; None: of any. Others are not looked at."""
        ...

    def annotated_cells(self, state: RecordState) -> set[CellKey]:
        """Return the cells with a finding in that state that has a note or user-defined fields."""
        ...

    def surveyed(
        self, cells: Collection[CellKey], state: RecordState
    ) -> Iterator[tuple[CellKey, Iterator[Finding]]]:
        """Yield findings that policies may have to do with, cell by cell; no others are looked at.

        That are those with a note or user-defined fields, and ACTIVE ones that did not pass. Cells without
        any are left out. Each cell's are to be read before the next cell is asked for.
        """
        ...

    def passed_suppressed(self, checks: Collection[Check]) -> Iterator[Finding]:
        """Yield the ACTIVE findings of some checks that passed and are suppressed; others are not read."""
        ...

    def unseen_writes(self) -> dict[bytes, int]:
        """Return the findings with a write of ours that no read has shown yet, and when it was written."""
        ...

    def places(self) -> tuple[list[str], list[str]]:
        """Return every account id and every Region that a finding has ever been of."""
        ...

    def account_names(self) -> dict[str, str]:
        """Return the name of each account, by its id; accounts without a name are left out."""
        ...

    def rejected(self, limit: int = 20) -> list[Rejection]:
        """Return rejected findings, the latest first."""
        ...

    def count_rejected(self) -> int:
        """Return how many findings are rejected."""
        ...

    def unreadable(self, limit: int = 20) -> list[Rejection]:
        """Return findings that are stored with a default for what was odd."""
        ...

    def count_unreadable(self) -> int:
        """Return how many findings are stored with a default for what was odd."""
        ...

    def checks(self) -> list[Check]:
        """Return every check that a finding has ever been of."""
        ...

    def summary(self) -> Summary:
        """Return how much is stored."""
        ...

    def surveyed_cells(
        self, checks: Collection[Check], state: RecordState
    ) -> dict[Check, dict[str, dict[str, CellKey]]]:
        """Return the cells in which policies can select something, by check, account id and Region.

        Of ACTIVE findings those that did not pass, of archived ones those with a note or user-defined fields.
        """
        ...

    def marked_products(self, besides: Collection[str], is_ours: IsOurs) -> set[str]:
        """Return the other products with a finding that bears a mark, or had a write that no read has shown.

        `is_ours`: whether user-defined fields bear one.
        """
        ...


class FindingsStore(KeptState, KeptMoments, FindingRows, Protocol):
    """The findings of one hub."""

    @property
    def outbox(self) -> Outbox:
        """What waits for outputs."""
        ...

    def write(
        self,
        reads: Sequence[Read],
        *,
        cursor: int | None = None,
        state: Mapping[str, str | None] | None = None,
        vague: int = 0,
    ) -> Written:
        """Store findings and state in one transaction.

        `cursor` comes with the pages of a sweep: it says up to where the changes have been read, and rows
        that had to be corrected although the copy's `updated_at` is before it are counted by reason. `state`:
        as in `put_state`. `vague`: by how much (µs) the copies may be newer than their `asked_at` says.
        """
        ...

    def remove_all(
        self, gone: Iterable[tuple[int, Collection[bytes]]], *, state: Mapping[str, str | None] | None = None
    ) -> Written:
        """Remove findings as `remove` does, by the start of the request that did not return them.

        All of them in one transaction: findings that are gone together are counted together. It ends when it
        is stopped, and then none of them is removed.
        """
        ...

    def purge_products(self, wanted: Collection[str]) -> Written:
        """Remove the findings of all other products, in several transactions; call again after a failure.

        In one call, so that nobody meets those that are not removed yet.
        """
        ...

    def forget_archived(self, asked_before: int) -> Written:
        """Remove archived findings that no request since has returned."""
        ...

    def record_writes(self, writes: Sequence[CustomerWrite], *, written_at: int) -> Written:
        """Show at once what BatchUpdateFindings accepted, and hold it against reads that do not show it yet.

        `written_at`: when that request started. Held until a read shows it, `domain.order.SETTLING` at most.
        """
        ...

    def reject(self, rejections: Sequence[Rejection], *, asked_at: int) -> list[Rejection]:
        """Remember findings that could not be decoded, until they can; return those that were not known."""
        ...

    def forget_rejected(self, asked_before: int) -> None:
        """Forget rejections that no request since has met, as after a complete sweep that began then."""
        ...

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to a file that is not there, in steps between which others may go first.

        It ends when it is stopped; what it has written then is no copy.
        """
        ...

    def discard(self) -> None:
        """Close the file and quarantine it: what is in it must not be believed. Raises StoreUnavailable."""
        ...

    def close(self) -> None:
        """Close the file, marked as sound. Closing again, or after `StoreLost`, does nothing."""
        ...


class Opened(NamedTuple):
    """A store, and why what was kept before could not be used, if there was something."""

    store: FindingsStore
    quarantined: str | None


class Stores(Protocol):
    """The stores of all hubs of this replica, by the hub's name."""

    version: int
    """Of what copies hold: another version's cannot be adopted."""

    def open(self, name: str, *, owner: str, stop: Stop) -> Opened:
        """Open or create a store; `owner` is the hub that it belongs to.

        What is damaged, of another version, or not this hub's, is quarantined and replaced by an empty one.
        Raises `StoreUnavailable`, also while another process has it open. `stop` ends the opening, and later
        whatever reads, or removes very many rows: that raises `StoreUnavailable`. What writes still does.
        """
        ...

    def beside(self, name: str) -> Path:
        """Return where a copy of a store can be made; what an earlier one has left there is removed."""
        ...

    def adopt(self, name: str, path: Path, *, owner: str, stop: Stop) -> str | None:
        """Put a copy in the place of a store that is closed; return why it is not fit, and then it is not.

        Raises `StoreUnavailable`, with the store as it was.
        """
        ...

    def remove_unused(self, in_use: Collection[str], written_before: float) -> None:
        """Remove the stores of all other names that nobody has written to since (seconds since the epoch).

        Raises OSError where they cannot be searched for. May take long: not for the event loop.
        """
        ...
