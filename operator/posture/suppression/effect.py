"""What a policy does to its target's score: the score with it, and the one without.

What turning controls off does to a target's score: the score with it, and the one without.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from posture.domain.exceptions.control_status import Record
from posture.domain.exceptions.survey import Place, Surveys
from posture.domain.findings import (
    SECURITY_HUB,
    Cell,
    Check,
    CheckSource,
    Compliance,
    Count,
    Severity,
    Workflow,
)
from posture.domain.results.picture import NOTHING_ASKED, asked_by
from posture.domain.scoring.comparison import Comparison
from posture.domain.scoring.scores import Method, Score
from posture.domain.standards import ControlStatus
from posture.domain.time import cutoff, microseconds
from posture.reconcile.scope import TargetScope
from posture.sources.findings_view import FindingsView


class Effect(NamedTuple):
    """Scores of a target; None where there is none."""

    score: Score | None
    without: Score | None


def effects(
    findings: FindingsView,
    surveys: Surveys[Place],
    sight: TargetScope,
    policies: Iterable[str],
    idle: Collection[str],
) -> dict[str, Effect]:
    """Return the effect of each policy of a target, at the last exact moment; none before there is one.

    `idle`: policies that would suppress nothing instead of another, because they match too much.

    All cells are read once, then for each policy those of the controls that its findings are of: see
    `Comparison`. There are none where scores are made of rules of AWS Config: what a policy suppresses there
    lifts rules together with what others, and people, do.
    """
    if asked_by(sight.view.standards, sight.view.controls) != NOTHING_ASKED:
        return {}
    window = microseconds(sight.window)
    whole, exact_at = findings.comparison(sight.view, window), findings.exact_at
    if whole is None or exact_at is None:
        return {}
    method, controls = Method(sight.method.value), sight.view.controls
    since = cutoff(exact_at, window)
    found = {}
    for name in policies:
        extra = list(surveys.effect(name, since, idle))
        pairs = {pair for cell in extra for pair in controls.pairs_of(cell.check)}
        without = whole.otherwise(pairs, extra)
        found[name] = Effect(whole.scores.headline(method), without.headline(method))
    return found


_SAID = {
    ControlStatus.PASSED: Compliance.PASSED,
    ControlStatus.FAILED: Compliance.FAILED,
    ControlStatus.UNKNOWN: Compliance.WARNING,
}


def control_effects(
    findings: FindingsView, sights: Mapping[str, TargetScope], records: Mapping[str, Record]
) -> dict[str, Effect]:
    """Return the effect of each policy of that name, by the sight of its target; none before there is one.

    `records`: what policies of the hub turned off. Without one of them its controls would be on, and have at
    least the status that they had then. All cells are read once for each target, then those of a policy's
    controls.
    """
    found: dict[str, Effect] = {}
    everything = {place: was for record in records.values() for place, was in record.items()}
    compared: dict[int, Comparison | None] = {}
    for name, sight in sights.items():
        if id(sight) not in compared:
            view = sight.view._replace(turned_off=everything)
            compared[id(sight)] = findings.comparison(view, microseconds(sight.window))
        whole = compared[id(sight)]
        if whole is None:
            continue
        own, method = records[name], Method(sight.method.value)
        without = whole.otherwise(
            {place[:2] for place in own}, _as_they_were(own, whole.reporting), frozenset(own)
        )
        found[name] = Effect(whole.scores.headline(method), without.headline(method))
    return found


def _as_they_were(record: Record, accounts: frozenset[str]) -> Iterable[Cell]:
    """Yield a finding for each control; a silent account, which has no score, gets none."""
    for place, was in record.items():
        if place.account_id in accounts and was in _SAID:
            check = Check(
                SECURITY_HUB,
                source=CheckSource.SECURITY_HUB,
                control=place.control,
                numbered=False,
                standards=(place.standard,),
            )
            look = Count(Severity.MEDIUM, _SAID[was], Workflow.NEW, fresh=True, n=1)
            yield Cell(check, place.account_id, place.region, (look,))
