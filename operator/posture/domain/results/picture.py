"""What is known of the rules that targets ask for: cells like those of findings, and where they have gaps.

A cell of a rule's result has no finding behind it: it counts none, and says of its control what the result
says. A rule is one control in the standard of its pack, `conformance-pack/<name>`, by its name without the
pack's suffix; and one in `config-rules`, by the name that a target asks for.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from posture.domain.findings import CONFIG, Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.results.rows import Place, RuleVerdict
from posture.domain.scoring.gaps import Gaps
from posture.domain.standards import CONFIG_RULES, Controls, pack_of


class ResultsAsked(NamedTuple):
    """The packs and rules that targets ask for, by whole names."""

    packs: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()

    def covers(self, other: "ResultsAsked") -> bool:
        """Whether everything is asked for that the other asks for."""
        return self.packs >= other.packs and self.rules >= other.rules


NOTHING_ASKED = ResultsAsked()


class SourceState(NamedTuple):
    """How the last update of a source of the aggregator went in a Region."""

    source_id: str
    """An account, or what stands for an organization."""
    region: str
    succeeded: bool


KnownPacks = Mapping[Place, Mapping[str, str]]
"""By account and Region: id → name of each pack that was told apart."""


class ResultsPicture(NamedTuple):
    """Everything that is known at one moment; equal pictures give equal scores."""

    asked: ResultsAsked
    """What it tells of."""
    checks: tuple[Check, ...]
    """All that is told of, sorted by standard and control."""
    cells: Mapping[str, Mapping[str, bytes]]
    """By account id and Region, both sorted: for each of `checks` the digit of its verdict, or `NOTHING`. A
    large organization has a million rules, so that each takes a byte."""
    gaps: Gaps
    packs: KnownPacks
    members: frozenset[str]
    """Accounts that the aggregator collects from, as far as it names them, with results or without."""


def check_of_rule(standard: str, control: str) -> Check:
    """Return what a rule of a standard is a check of."""
    return Check(CONFIG, source=CheckSource.CONFIG, control=control, numbered=False, standards=(standard,))


def _said(*counts: tuple[Compliance, Workflow]) -> tuple[Count, ...]:
    return tuple(Count(Severity.MEDIUM, *each, fresh=True, n=0) for each in counts)


def digit(verdict: RuleVerdict) -> int:
    """Return the byte that stands for a verdict: the greater one prevails."""
    return _ZERO + verdict


_ZERO = ord("0")
NOTHING = ord("-")
"""What stands where no rule is."""
_COUNTS = {
    digit(RuleVerdict.NO_DATA): _said(),
    digit(RuleVerdict.PASSED): _said((Compliance.PASSED, Workflow.NEW)),
    digit(RuleVerdict.FAILED): _said((Compliance.FAILED, Workflow.NEW)),
    # As it is counted, and what only the unsuppressed score sees.
    digit(RuleVerdict.LIFTED): _said(
        (Compliance.PASSED, Workflow.NEW), (Compliance.FAILED, Workflow.SUPPRESSED)
    ),
}


def cells_of(picture: ResultsPicture, checks: Collection[Check] | None = None) -> Iterator[Cell]:
    """Yield cells as findings have them, of some checks; None: all."""
    chosen = [(at, check) for at, check in enumerate(picture.checks) if checks is None or check in checks]
    for account_id, regions in picture.cells.items():
        for region, said in regions.items():
            for at, check in chosen:
                counts = _COUNTS.get(said[at])
                if counts is not None:
                    yield Cell(check, account_id, region, counts)


def failed_cells(picture: ResultsPicture) -> Iterator[tuple[Check, str, str]]:
    """Yield where rules fail, and fail still: check, account id, Region."""
    failed = digit(RuleVerdict.FAILED)
    for account_id, regions in picture.cells.items():
        for region, said in regions.items():
            for check, each in zip(picture.checks, said, strict=True):
                if each == failed:
                    yield check, account_id, region


def asked_by(standards: Collection[str], controls: Controls) -> ResultsAsked:
    """Return the packs and rules that these standards are about."""
    packs = (pack for standard in standards if (pack := pack_of(standard)))
    listed = controls.standards.get(CONFIG_RULES)
    rules = listed.controls if listed is not None and CONFIG_RULES in standards else ()
    return ResultsAsked(frozenset(packs), frozenset(rules))
