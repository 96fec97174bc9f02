"""Scores as small objects: one of the target, one of each standard, one of each workload by a standard."""

from collections.abc import Mapping

import msgspec

from posture.domain.outbox import EventKind, StatedChange
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import Method, Scores
from posture.publish.sink import PublishingTarget

Statements = Mapping[str, StatedChange]
"""By their subject."""


def scores_of(
    publication: PublishingTarget, evaluation: Evaluation, method: Method, exact_at: int, *, pooled: bool
) -> Statements:
    """Return the scores that exist, by the target's method. `pooled`: there is one of the target."""
    found: dict[str, StatedChange] = {}

    def add(
        scope: str, scores: Scores, standard: str = "", workload: str = "", environment: str = ""
    ) -> None:
        score = scores.headline(method)
        if score is None:
            return
        told = {
            "namespace": publication.namespace,
            "target": publication.name,
            "scope": scope,
            "standard": standard,
            "workload": workload,
            "environment": environment,
            "method": method.value,
            "score": 100 * score.passed / score.scored,
            "passed": score.passed,
            "scored": score.scored,
        }
        body = msgspec.json.encode({name: value for name, value in told.items() if value != ""})
        place = scope, standard, workload, environment
        subject = "\n".join(("score", publication.uid, *place))
        found[subject] = StatedChange(subject, EventKind.SCORE, publication.audience, body, exact_at)

    if pooled:
        add("target", evaluation.target)
    for standard, scores in evaluation.standards.items():
        add("standard", scores, standard)
    for place, scores in evaluation.workloads.items():
        add("workload", scores, *place)
    return found


def ended(before: Statements, now: Statements, at: int) -> list[StatedChange]:
    """Return those that are no more, as they were last."""
    return [each._replace(gone=True, at=at) for subject, each in before.items() if subject not in now]
