"""What a policy does to its target's score: the score with it, and the one without."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from posture.domain.freshness import cutoff
from posture.domain.scores import Method, Score
from posture.domain.suppression_survey import Place, Surveys
from posture.hubs.demand import microseconds
from posture.hubs.known import Known
from posture.suppression.scopes import Sight


class Effect(NamedTuple):
    """Scores of a target; None where there is none."""

    score: Score | None
    without: Score | None


def effects(
    known: Known,
    surveys: Surveys[Place],
    sight: Sight,
    policies: Iterable[str],
    idle: Collection[str],
) -> dict[str, Effect]:
    """Return the effect of each policy of a target, at the last exact moment; none before there is one.

    `idle`: policies that would suppress nothing instead of another, because they match too much.

    All cells are read once, then for each policy those of the controls that its findings are of: see
    `Comparison`.
    """
    window = microseconds(sight.window)
    whole, exact_at = known.comparison(sight.view, window), known.exact_at
    if whole is None or exact_at is None:
        return {}
    method, controls = Method(sight.method.value), sight.view.controls
    since = cutoff(exact_at, window)
    found = {}
    for name in policies:
        extra = list(surveys.effect(name, since, idle))
        pairs = {pair for cell in extra for pair in controls.of(cell.check)}
        without = whole.otherwise(pairs, extra)
        found[name] = Effect(whole.scores.headline(method), without.headline(method))
    return found
