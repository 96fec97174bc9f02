"""What is known of a hub's findings: its store, and the cell caches over it. It runs in the hub's thread.

The caches move only in `publish`, at the end of a poll, and then by everything written until then. That may
be half a sweep: its rows are as the hub said after the last exact moment, so each that it corrected or added
makes the picture truer, and none of them takes back what the poll has read, because a newer copy wins whoever
read it. What a sweep concludes from absence waits until it is complete. Security Hub offers no snapshot: rows
of one picture were read between the start and the end of a poll, or have not changed since.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from pathlib import Path
from typing import NamedTuple

from posture.aws.client.clock import BELIEVED_AHEAD
from posture.aws.securityhub.wire import FindingsPage, whole_findings
from posture.domain.findings import Cell, Check, Finding, RecordState, Rejection
from posture.domain.objectives.failed import FailedScope, ResolveLimits
from posture.domain.objectives.overdue import LISTED, Overdue, overdue_of
from posture.domain.objectives.worst import FailedControls, failed_controls
from posture.domain.outbox import EventKind
from posture.domain.scoring.accounts import AccountFilter
from posture.domain.scoring.comparison import Comparison
from posture.domain.scoring.evaluation import Evaluation, View, evaluate
from posture.domain.setup.recorders import Recorders, is_recorder_check, recorders_of
from posture.domain.standards import Controls
from posture.sources.cell_cache import CellCache, unpacked
from posture.sources.failed_cache import FailedCache, FailedLimits
from posture.sources.rule_results import NO_CELL, RuleResults
from posture.store.interface import FindingRows, FindingsStore, KeptMoments, KeptState
from posture.store.outbox import Outbox
from posture.store.records import (
    CellKey,
    CustomerWrite,
    FindingRef,
    Read,
    Written,
    key_of,
    let_go,
)

KeptValues = Mapping[str, str | None]

NAMED = 200
"""Rejected findings that are named in a status, and unreadable ones."""


# Of the whole process: a store that is begun anew must not repeat the versions of the one before.
_versions = count(1)


class Published(NamedTuple):
    """A moment of the cell caches."""

    exact_at: int
    version: int
    """Changes with the cells and with the names of accounts."""
    findings: int
    names: Mapping[str, str]
    rejected: int
    """How many there are."""
    rejected_findings: tuple[Rejection, ...]
    """Some of them, to be named."""
    unreadable: int
    """How many there are."""
    unreadable_findings: tuple[Rejection, ...]
    """Some of them, to be named."""


class Evaluated(NamedTuple):
    """An evaluation."""

    evaluation: Evaluation
    exact_at: int
    """The moment for which it is exact: µs by AWS's clock."""
    version: int
    """The same as long as no cell has changed: then the same view has the same evaluation."""
    overdue: Overdue[int] | None = None
    """None while that is not counted for such limits; so is the next one."""
    failed: FailedControls[int] | None = None


class FindingsView:
    """The findings of one hub. Raises `StoreError` where the store does.

    `changed`: whoever follows the findings by cell starts with a set for each record state here, and takes
    out of them what has changed since; None: nobody does. Archived findings without a note or user-defined
    fields are in none.
    """

    def __init__(self, store: FindingsStore) -> None:
        self._store = store
        self.rows: FindingRows = store
        """What is stored, to be read."""
        self.kept: KeptState = store
        """What is kept beside it."""
        self.moments: KeptMoments = store
        """And what is remembered of very many things."""
        self.outbox: Outbox = store.outbox
        """And what waits for outputs."""
        self._caches: dict[int, CellCache] = {}
        self._failed: dict[FailedLimits, FailedCache] = {}
        # By the number of the check.
        self._titles: dict[int, str] = {}
        self._touched: set[CellKey] = set()
        self.changed: dict[RecordState, set[CellKey]] | None = None
        self._published: Published | None = None
        self.results = RuleResults()
        """What rules of AWS Config came to; it moves with the caches."""

    def take(
        self,
        pages: Sequence[FindingsPage],
        wanted: Collection[str],
        *,
        cursor: int | None = None,
        state: KeptValues | None = None,
    ) -> Written:
        """Store the pages' findings of the wanted products, and the state that goes with them.

        Of what could not be stored, `rejected` has what is met for the first time.
        """
        whole = self.outbox.wants(EventKind.FINDING)
        reads = [
            Read(
                [_not_ahead(each, page) for each in page.findings if each.check.product in wanted],
                page.asked_at,
                {key_of(*each.finding): each.why for each in page.unreadable},
                {key_of(arn, id_): text for (arn, id_), text in whole_findings(page)} if whole else {},
            )
            for page in pages
        ]
        written = self._note(self._store.write(reads, cursor=cursor, state=dict(state or {})))
        rejected: list[Rejection] = []
        for page in pages:
            if page.rejected:
                met = [Rejection(*each) for each in page.rejected]
                rejected += self._store.reject(met, asked_at=page.asked_at)
        return written._replace(rejected=rejected)

    def take_events(self, copies: Sequence[tuple[Finding, int, bytes]], *, vague: int) -> Written:
        """Store copies of findings that were not asked for.

        Each has the moment (µs) that orders it, and the finding as Security Hub gave it. `vague`: by how much
        the moments may be too early.
        """
        wants_wholes = self.outbox.wants(EventKind.FINDING)
        of_moments: dict[int, list[tuple[Finding, bytes]]] = {}
        for finding, at, whole in copies:
            of_moments.setdefault(at, []).append((finding, whole))
        reads = []
        for at, found in of_moments.items():
            wholes = (
                {key_of(each.product_arn, each.id): whole for each, whole in found} if wants_wholes else {}
            )
            reads.append(Read([each for each, _ in found], at, wholes=wholes))
        return self._note(self._store.write(reads, vague=vague))

    def remove(self, gone: Iterable[tuple[int, Sequence[bytes]]]) -> int:
        """Remove findings at one stroke: by the start of the request that did not return them, their keys."""
        return self._note(self._store.remove_all(gone)).changed

    def record(self, writes: Sequence[CustomerWrite], written_at: int) -> None:
        """Show what we wrote ourselves at once; the cell caches follow at the end of the next poll."""
        self._note(self._store.record_writes(writes, written_at=written_at))

    def purge(self, wanted: Collection[str], state: KeptValues) -> None:
        """Store that only these products count from now on, then remove the findings of all others."""
        self._store.put_state(state)
        self._note(self._store.purge_products(wanted))

    def conclude_sweep(self, started: int) -> None:
        """Forget what a complete sweep that began then did not meet, without reading it by Id.

        That are archived findings, which AWS drops after a while and no number counts, and rejected ones.
        """
        self._note(self._store.forget_archived(started))
        self._store.forget_rejected(started)

    def publish(
        self,
        exact_at: int,
        windows: Collection[int],
        state: KeptValues,
        failed: Collection[FailedLimits] = (),
    ) -> Published:
        """End a poll: store its state, and move the cell cache of each window (µs) to `exact_at`.

        `failed`: by which windows and limits failed findings are followed; their caches move with them.
        """
        results_moved, results = self.results.settle()
        self._store.put_state({**state, **results})
        caches = {window: self._caches.get(window) or CellCache(window) for window in windows}
        late = {limits: self._failed.get(limits) or FailedCache(limits) for limits in failed}
        changed = sum(cache.refresh(self._store, self._touched, exact_at) for cache in caches.values())
        changed += sum(cache.refresh(self._store, self._touched, exact_at) for cache in late.values())
        before, names = self._published, self._store.account_names()
        moved = (
            before is None
            or changed > 0
            or results_moved
            or (caches.keys(), late.keys()) != (self._caches.keys(), self._failed.keys())
            or names != before.names
        )
        self._caches, self._failed = caches, late
        let_go(self._touched)
        self._published = Published(
            exact_at,
            next(_versions) if before is None or moved else before.version,
            self._store.count(),
            names,
            self._store.count_rejected(),
            tuple(self._store.rejected(NAMED)),
            self._store.count_unreadable(),
            tuple(self._store.unreadable(NAMED)),
        )
        return self._published

    def evaluate(self, view: View, window: int, failed: FailedLimits | None = None) -> Evaluated | None:
        """Evaluate a view at the last published moment; None where there is none for this window.

        `failed`: by what failed findings are followed; None: they are not.
        """
        cache = self._caches.get(window)
        if cache is None or self._published is None or not self.results.cover(view):
            return None
        view = self.results.seen_by(view)
        evaluation = evaluate(chain(cache.cells(), self.results.cells()), view)
        followed = None if failed is None else self._failed.get(failed)
        moment = self._published.exact_at, self._published.version
        if followed is None:
            return Evaluated(evaluation, *moment)
        scope = FailedScope(view)
        return Evaluated(
            evaluation,
            *moment,
            overdue_of(followed.cells(), scope),
            self.results.beside(failed_controls(followed.cells(), scope), scope),
        )

    def overdue_findings(self, cells: Iterable[int], limits: FailedLimits) -> list[Finding]:
        """Return the findings of some cells that are overdue for the longest, that first, as stored now."""
        if self._published is None:
            return []
        ask = limits.as_of(self._published.exact_at)
        found = [
            each
            for key in map(unpacked, cells)
            for each in self._store.overdue_findings(key, ask, most=LISTED)
        ]
        return sorted(found, key=lambda each: _due(each, limits.limits))[:LISTED]

    def title(self, cell: int) -> str:
        """Return the title of the findings of a cell; empty where there are none, or none any more."""
        if cell == NO_CELL:
            return ""
        key = unpacked(cell)
        if key[0] not in self._titles:
            first = next(self._store.findings_of(key), None)
            if first is None:
                return ""
            self._titles[key[0]] = first.title
        return self._titles[key[0]]

    def comparison(self, view: View, window: int) -> Comparison | None:
        """Compare with a view at the last published moment, until the next; None as of `evaluate`."""
        cache, results = self._caches.get(window), self.results
        if cache is None or not results.cover(view):
            return None

        def cells(checks: Collection[Check] | None) -> Iterator[Cell]:
            return chain(cache.cells(checks), results.cells(checks))

        return Comparison(cells, chain(cache.checks(), results.checks()), results.seen_by(view))

    def recorders(self, controls: Controls, accounts: AccountFilter, window: int) -> Recorders | None:
        """Return what findings of Config.1 say at the last published moment; None as of `evaluate`."""
        cache = self._caches.get(window)
        if cache is None or self._published is None:
            return None
        checks = [each for each in cache.checks() if is_recorder_check(each, controls)]
        return recorders_of(cache.cells(checks), controls, accounts)

    def told_standards(self) -> frozenset[str]:
        """Return the standards that any finding speaks of, wherever they are enabled."""
        return frozenset(
            standard for check in self.rows.checks() if check.source for standard in check.standards
        )

    @property
    def exact_at(self) -> int | None:
        """The last published moment, µs by AWS's clock."""
        return None if self._published is None else self._published.exact_at

    def cells(self, window: int) -> Iterator[Cell] | None:
        """Return the cells of the last published moment; None where there is none for this window (µs)."""
        cache = self._caches.get(window)
        return None if cache is None else cache.cells()

    def _note(self, written: Written) -> Written:
        if self._caches:
            self._touched |= written.cells
        if self.changed is not None:
            self.changed[RecordState.ACTIVE] |= written.cells
            self.changed[RecordState.ARCHIVED] |= written.archived
        return written

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the store to a file that is not there."""
        self._store.copy_to(path)

    def discard(self) -> None:
        """Close the store for good: its file is quarantined."""
        self._caches.clear()
        self._failed.clear()
        self._store.discard()

    def close(self) -> None:
        """Close the store."""
        self._caches.clear()
        self._failed.clear()
        self._store.close()


def _not_ahead(finding: Finding, page: FindingsPage) -> Finding:
    """Return a finding as updated when it was read, at the latest: an importer can write any UpdatedAt.

    One in the future would win over all that come after it, and never age.
    """
    if finding.updated_at <= page.asked_at + BELIEVED_AHEAD:
        return finding
    return finding._replace(updated_at=page.asked_at)


def _due(finding: Finding, limits: ResolveLimits) -> tuple[int, str]:
    """Return when a finding had to be resolved, that has a limit and of which it is known; and its Id."""
    since, limit = finding.failing, limits[finding.severity]
    return (0 if since is None else since.since) + (limit or 0), finding.id


def take_refs(refs: Iterator[FindingRef], n: int) -> list[FindingRef]:
    """Take up to n from an iterator of the store, which belongs to the hub's thread."""
    return list(islice(refs, n))
