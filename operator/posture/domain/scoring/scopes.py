"""The scores of scopes: of a standard over some accounts, or of a target over all standards."""

from collections.abc import Callable, Collection

from posture.domain.scoring.control_bits import ControlBits
from posture.domain.scoring.evidence import ControlVerdict, Evidence, disabled_pairs
from posture.domain.scoring.gaps import Gaps
from posture.domain.scoring.scores import ControlCounts, Score, Scores, score
from posture.domain.standards import Controls


def scores(
    evidence: Evidence, bits: ControlBits, narrow: Callable[[int], int], *, unnamed: int | None
) -> Scores:
    """Score a scope; `narrow` takes the pairs of its standard, or pools all standards.

    `unnamed`: how many controls of what is scored have no result anywhere and no name, which do not fail;
    None where the hub does not know all controls of it, without which none is expected. Where no
    finding of what is scored is inside the window, nothing is known: that every expected control passed would
    be a guess.
    """
    e = evidence
    return Scores(
        aws=_by_status(narrow(e.passed), narrow(e.failed), narrow(e.unknown)),
        unsuppressed=_by_status(
            narrow(e.passed | e.hidden_passed),
            narrow(e.failed | e.hidden_failed),
            narrow(e.unknown | e.hidden_unknown),
        ),
        expected=None
        if unnamed is None or not narrow(e.seen)
        else _expected(evidence, bits, narrow, unnamed),
    )


def _by_status(passed: int, failed: int, unknown: int) -> Score | None:
    """Divide PASSED by enabled with data (Security Hub user guide, "Determining security scores")."""
    return score((passed & ~failed & ~unknown).bit_count(), (passed | failed | unknown).bit_count())


def _expected(
    evidence: Evidence, bits: ControlBits, narrow: Callable[[int], int], unnamed: int
) -> Score | None:
    """Take from the expected controls those of them that fail: it is never negative."""
    listed = bits.known & ~disabled_pairs(evidence, bits)
    expected = narrow(listed)
    failed = narrow(evidence.unexpected & listed)
    return score((expected & ~failed).bit_count() + unnamed, expected.bit_count() + unnamed)


class ScopeScores:
    """Scores by standard, or pooled, once all controls have their bits. `accounts`: of the target."""

    def __init__(self, bits: ControlBits, controls: Controls, gaps: Gaps, accounts: Collection[str]) -> None:
        self._bits = bits
        self._gaps = gaps
        self._accounts = accounts
        self._pairs = {standard: bits.of_standard(standard) for standard in bits.standards}
        self._unnamed = {standard: self._unnamed_of(standard, controls) for standard in bits.standards}

    def _unnamed_of(self, standard: str, controls: Controls) -> int | None:
        """Return how many controls a standard has that have no name; None where it is not known whole."""
        facts = controls.standards.get(standard)
        if facts is None or not facts.complete:
            return None
        named = (self._bits.known & self._pairs[standard]).bit_count()
        return self._gaps.unnamed(standard, self._accounts, named)

    def only(self, standard: str) -> Callable[[int], int]:
        """Return what narrows pairs to one standard."""
        return self._pairs[standard].__and__

    def standard(self, standard: str, evidence: Evidence, accounts: Collection[str]) -> Scores:
        """Score a standard by what these accounts support."""
        if self._gaps.hide((standard,), accounts):
            return Scores()
        return scores(evidence, self._bits, self.only(standard), unnamed=self._unnamed[standard])

    def pooled(self, evidence: Evidence) -> Scores:
        """Score the target by what all of its accounts support, each control once over all standards."""
        if self._gaps.hide(self._bits.standards, self._accounts):
            return Scores()
        return scores(evidence, self._bits, self._bits.pooled, unnamed=self._pooled_unnamed())

    def counts(self, standard: str, verdict: ControlVerdict) -> ControlCounts:
        """Count the controls of a standard; those without a name have no data."""
        found = verdict.counts(self.only(standard))
        return found._replace(no_data=found.no_data + (self._unnamed[standard] or 0))

    def pooled_counts(self, verdict: ControlVerdict) -> ControlCounts:
        """Count the controls of the target, each once."""
        if self._gaps.hide(self._bits.standards, self._accounts):
            return ControlCounts()
        found = verdict.counts(lambda pairs: pairs)
        return found._replace(no_data=found.no_data + (self._pooled_unnamed() or 0))

    def _pooled_unnamed(self) -> int | None:
        """Return how many controls have no name; of two standards nobody knows whether they share them."""
        unnamed = list(self._unnamed.values())
        if None in unnamed:
            return None
        found = [each for each in unnamed if each]
        return sum(found) if len(unnamed) == 1 or not found else None
