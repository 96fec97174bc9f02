"""What rules of AWS Config came to, in memory and as it is kept in the store. It runs in the hub's thread.

It is kept by account, and of what has not changed nothing is written.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

import msgspec

from posture.domain.findings import Cell, Check, Severity
from posture.domain.objectives.failed import FailedCell, FailedCounts, FailedScope
from posture.domain.objectives.worst import FailedControls, failed_controls
from posture.domain.results.picture import (
    KnownPacks,
    ResultsAsked,
    ResultsPicture,
    asked_by,
    cells_of,
    check_of_rule,
    failed_cells,
)
from posture.domain.results.rows import Place
from posture.domain.scoring.evaluation import View
from posture.domain.scoring.gaps import Gaps
from posture.store.interface import KeptState

NO_CELL = -1
"""The key of what no finding is behind."""
_ONE = FailedCounts(((Severity.MEDIUM, 1),), oldest=None)
_ROWS, _REST = "config-results/", "config-picture"


class _Rest(msgspec.Struct):
    """Of a picture all but its cells. `checks`: standard and control; ids of packs by account and Region."""

    asked: ResultsAsked
    checks: list[tuple[str, str]]
    gaps: Gaps
    packs: dict[str, dict[str, dict[str, str]]]
    members: list[str]
    accounts: list[str]


class RuleResults:
    """The results of one hub; none where it has no such source."""

    def __init__(self) -> None:
        self.picture: ResultsPicture | None = None
        self._staged: ResultsPicture | None = None
        self._kept: Mapping[str, str | None] = {}

    def seen_by(self, view: View) -> View:
        """Return a view with what is known beside its cells."""
        if self.picture is None:
            return view
        return view._replace(gaps=self.picture.gaps, members=view.members | self.picture.members)

    @property
    def packs(self) -> KnownPacks:
        """Which packs have been told apart."""
        return {} if self.picture is None else self.picture.packs

    def stage(self, picture: ResultsPicture) -> None:
        """Take what is known now: it shows, and is stored, with the next `settle`."""
        self._staged = picture

    def settle(self) -> tuple[bool, Mapping[str, str | None]]:
        """Show what is staged; return whether anything has changed, and what is to be stored of it."""
        staged, self._staged = self._staged, None
        if staged is None or staged == self.picture:
            return False, {}
        kept = _texts(staged)
        changed = {key: text for key, text in kept.items() if self._kept.get(key) != text}
        gone = dict.fromkeys(self._kept.keys() - kept.keys())
        self.picture, self._kept = staged, kept
        return True, {**changed, **gone}

    def load(self, kept: KeptState) -> bool:
        """Show what is stored, where it is whole; return whether it is."""
        rest, rows = kept.state(_REST), kept.states(_ROWS)
        if rest is None:
            return False
        try:
            self.picture = _picture(rest, rows)
        except (msgspec.DecodeError, KeyError, ValueError):
            # It is read again from AWS.
            return False
        self._kept = {_REST: rest, **rows}
        return True

    def cover(self, view: View) -> bool:
        """Whether they tell of all rules and packs that a view is about."""
        asked = asked_by(view.standards, view.controls)
        return asked == ResultsAsked() or (self.picture is not None and self.picture.asked.covers(asked))

    def cells(self, checks: Collection[Check] | None = None) -> Iterator[Cell]:
        """Yield the cells of some checks, others are not looked at; None: all."""
        if self.picture is not None:
            yield from cells_of(self.picture, checks)

    def failed(self) -> Iterator[tuple[int, FailedCell]]:
        """Yield where rules fail, as failed findings are told of: each as one, since when is not known."""
        for check, account_id, region in failed_cells(self.picture) if self.picture else ():
            yield NO_CELL, FailedCell(check, account_id, region, _ONE)

    def beside(self, failing: FailedControls[int], scope: FailedScope) -> FailedControls[int]:
        """Return the controls that fail, with the rules that do; of results no finding is counted."""
        if self.picture is None:
            return failing
        return failing._replace(worst=failed_controls(self.failed(), scope).worst)

    def checks(self) -> Collection[Check]:
        """Return every check that a cell is of."""
        return () if self.picture is None else self.picture.checks


def _texts(picture: ResultsPicture) -> dict[str, str | None]:
    packs: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for (account_id, region), names in picture.packs.items():
        packs[account_id][region] = dict(names)
    rest = _Rest(
        picture.asked,
        [(each.standards[0], each.control) for each in picture.checks],
        picture.gaps,
        packs,
        sorted(picture.members),
        sorted(picture.cells),
    )
    rows: dict[str, str | None] = {
        _ROWS + account_id: msgspec.json.encode(
            {region: said.decode("ascii") for region, said in regions.items()}
        ).decode()
        for account_id, regions in picture.cells.items()
    }
    return {**rows, _REST: msgspec.json.encode(rest, order="deterministic").decode()}


def _picture(rest: str, rows: Mapping[str, str]) -> ResultsPicture:
    told = msgspec.json.decode(rest, type=_Rest)
    return ResultsPicture(
        told.asked,
        tuple(check_of_rule(*each) for each in told.checks),
        {account: _cells(rows[_ROWS + account], len(told.checks)) for account in told.accounts},
        told.gaps,
        {
            Place(account, region): names
            for account, regions in told.packs.items()
            for region, names in regions.items()
        },
        frozenset(told.members),
    )


def _cells(row: str, checks: int) -> dict[str, bytes]:
    """Read what is stored of an account; ValueError where it is not of so many checks."""
    cells = {
        region: said.encode("ascii") for region, said in msgspec.json.decode(row, type=dict[str, str]).items()
    }
    if any(len(said) != checks for said in cells.values()):
        raise ValueError("it is of other checks")
    return cells
