"""What a policy does to its target's score: the score with it, and the one without."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from posture.domain.cells import Cell
from posture.domain.controls import Controls
from posture.domain.evaluation import View, evaluate
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

    A score is a sum over controls, so without a policy only those controls are another way that its findings
    are of. They are evaluated as they are and as they would be, and the difference is put on the whole.
    """
    window = microseconds(sight.window)
    whole, cells = known.evaluate(sight.view, window), known.cells(window)
    if whole is None or cells is None:
        return {}
    method = Method(sight.method.value)
    score = whole.evaluation.target.headline(method)
    since = cutoff(whole.exact_at, window)
    shown = {name: list(surveys.effect(name, since, idle)) for name in policies}
    controls = sight.view.controls
    touched = {name: _controls_of(extra, controls) for name, extra in shown.items()}
    by_control = _by_control(cells, controls, frozenset().union(*touched.values()))
    found = {}
    for name, extra in shown.items():
        same = {id(cell): cell for control in touched[name] for cell in by_control.get(control, ())}
        without = score
        if extra:
            now = _headline(same.values(), sight.view, method)
            then = _headline([*same.values(), *extra], sight.view, method)
            without = _moved(score, now, then)
        found[name] = Effect(score, without)
    return found


def _controls_of(cells: Iterable[Cell], controls: Controls) -> frozenset[str]:
    return frozenset(control for cell in cells for _, control in controls.of(cell.check))


def _by_control(
    cells: Iterable[Cell], controls: Controls, wanted: Collection[str]
) -> Mapping[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    if wanted:
        for cell in cells:
            for control in {control for _, control in controls.of(cell.check)} & set(wanted):
                found.setdefault(control, []).append(cell)
    return found


def _headline(cells: Iterable[Cell], view: View, method: Method) -> Score | None:
    return evaluate(cells, view).target.headline(method)


def _moved(score: Score | None, now: Score | None, then: Score | None) -> Score | None:
    """Return the score after a part of it has gone from `now` to `then`."""
    passed, scored = (
        sum(sign * (each[index] if each else 0) for sign, each in ((1, score), (-1, now), (1, then)))
        for index in (0, 1)
    )
    return Score(passed, scored) if scored > 0 else None
