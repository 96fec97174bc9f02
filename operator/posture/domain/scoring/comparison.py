"""The scores of a target as they are, and as they would be if something else were said of some controls.

One pass over all cells serves every comparison with it. A score is a sum over (standard, control) pairs, so a
comparison reads only the cells of the pairs that it is about, and puts them in the place of what these pairs
are in the whole.
"""

from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from functools import reduce
from itertools import chain

from posture.domain.findings import Cell, Check
from posture.domain.scoring.evaluation import TurnedOff, View, pooled_scores, summed
from posture.domain.scoring.evidence import Evidence
from posture.domain.scoring.scores import Scores
from posture.domain.standards import ControlStatus

Pair = tuple[str, str]
"""A standard and one of its controls, upper-cased."""

CellsOf = Callable[[Collection[Check] | None], Iterable[Cell]]
"""Returns the cells of some checks of a hub; None: of all."""


class Comparison:
    """The scores of one target at one moment, to be compared with others.

    `cells`: what findings say; it must go on giving the same. `checks`: all that there are. `reporting`: the
    targeted accounts with a finding inside the window.
    """

    def __init__(self, cells: CellsOf, checks: Iterable[Check], view: View) -> None:
        self._cells = cells
        self._view = view
        sums = summed(cells(None), view)
        self._bits = sums.bits
        self._evidence = reduce(Evidence.merge, sums.evidence.values(), Evidence())
        self._accounts = frozenset(sums.evidence)
        self.reporting = frozenset(account for account, each in sums.evidence.items() if each.seen)
        self.scores = pooled_scores(self._bits, view, self._evidence, self._accounts)
        self._checks: dict[Pair, list[Check]] = {}
        for check in checks:
            for pair in view.controls.pairs_of(check):
                self._checks.setdefault(pair, []).append(check)
        self._off: dict[Pair, dict[TurnedOff, ControlStatus]] = {}
        for place, was in view.turned_off.items():
            self._off.setdefault(place[:2], {})[place] = was

    def otherwise(
        self, pairs: Iterable[Pair], more: Iterable[Cell], released: AbstractSet[TurnedOff] = frozenset()
    ) -> Scores:
        """Return the scores if there were `more` cells too, and what is `released` were on.

        `pairs`: those that all of these are about. Of others nothing is read.
        """
        concerned = {pair for pair in pairs if pair[0] in self._view.standards}
        if not concerned:
            return self.scores
        view = self._view._replace(
            turned_off={
                place: was
                for pair in concerned
                for place, was in self._off.get(pair, {}).items()
                if place not in released
            },
            released=frozenset(released),
            # What a policy turned off counts in an account without any of these cells too.
            members=self._view.members | self._accounts,
        )
        checks = {check for pair in concerned for check in self._checks.get(pair, ())}
        sums = summed(chain(self._cells(checks), more), view, self._bits)
        part = reduce(Evidence.merge, sums.evidence.values(), Evidence())
        mask = reduce(int.__or__, (self._bits.bit(*pair) for pair in concerned))
        evidence = Evidence(
            *(whole & ~mask | other & mask for whole, other in zip(self._evidence, part, strict=True))
        )
        return pooled_scores(sums.bits, view, evidence, self._accounts)
