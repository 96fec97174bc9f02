"""From numbers to a PostureTarget's status, and back where a new holder finds only the status."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeVar

from posture.api.targets.counts import (
    MAX_UNMATCHED,
    AccountCounts,
    ControlCounts,
    FindingCounts,
    SeverityCounts,
    StandardScore,
    WorkloadScore,
)
from posture.api.targets.kind import ScoringMethod
from posture.api.targets.status import MAX_STANDARDS, MAX_WORKLOADS, PostureTargetStatus
from posture.domain.findings import Severity, product_named
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import Method, Score, totals, worst_first
from posture.domain.time import SECOND, datetime_of
from posture.publish.reports import RestoredScores, Shown
from posture.reconcile.access import Admitted

_K = TypeVar("_K")

_METRIC = {
    ScoringMethod.SECURITY_HUB: "score_ratio",
    ScoringMethod.EXPECTED_CONTROLS: "expected_controls_score_ratio",
}


def scope_digest(admitted: Admitted) -> str:
    """Return a digest of what is scored: by the spec, and by the accounts that are granted.

    Numbers of another scope are never shown: not after a change of the spec, nor of a grant.
    """
    spec = admitted.target.spec
    parts = {
        name: getattr(spec, name).model_dump(mode="json")
        for name in ("source", "accounts", "scoring", "grouping")
    }
    declared = {
        **parts,
        "hub": admitted.hub.name,
        "products": sorted(set(map(product_named, spec.products))),
        "granted": sorted(admitted.accounts),
    }
    return sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:16]


def evaluation_fields(
    evaluation: Evaluation, method: ScoringMethod, *, exact_at: int, pooled: bool
) -> dict[str, Any]:
    """Return the status fields that an evaluation fills, as keyword arguments of `PostureTargetStatus`.

    `pooled`: False leaves the headline out, where a chosen standard is missing.
    """
    by = Method(method.value)
    headline = evaluation.target.headline(by) if pooled else None
    unsuppressed = evaluation.target.unsuppressed if pooled else None
    # What rests on an incomplete source is not told.
    hidden = bool(evaluation.incomplete or evaluation.unclear)
    standards, standards_omitted = worst_first(evaluation.standards, by, limit=MAX_STANDARDS)
    workloads, workloads_omitted = worst_first(evaluation.workloads, by, limit=MAX_WORKLOADS)
    return {
        "score": None if headline is None else headline.percent,
        "passed": None if headline is None else headline.passed,
        "scored": None if headline is None else headline.scored,
        "score_time": datetime_of(exact_at),
        "unsuppressed_score": None if unsuppressed is None else unsuppressed.percent,
        "controls": None if hidden else ControlCounts(**evaluation.pooled._asdict()),
        "standards": tuple(
            StandardScore(standard=name, score=score.percent, passed=score.passed, scored=score.scored)
            for name, score in standards
        ),
        "standards_omitted": standards_omitted or None,
        "workloads": tuple(
            WorkloadScore(**scope._asdict(), score=score.percent, passed=score.passed, scored=score.scored)
            for scope, score in workloads
        ),
        "workloads_omitted": workloads_omitted or None,
        "findings": _findings(evaluation),
        "accounts": AccountCounts(
            reporting=len(evaluation.reporting),
            silent=len(evaluation.silent),
            excluded=len(evaluation.excluded),
            unusable=len(evaluation.unusable) or None,
            ungrouped=len(evaluation.ungrouped) or None,
            unmatched=len(evaluation.unmatched),
            unmatched_ids=evaluation.unmatched[:MAX_UNMATCHED],
        ),
    }


# What an evaluation fills: gone from the status when the numbers no longer speak of the spec.
EVALUATED = (
    "scope_digest",
    "score", "passed", "scored", "score_time", "unsuppressed_score", "controls", "standards",
    "standards_omitted", "workloads", "workloads_omitted", "findings", "overdue", "overdue_findings", "trend",
    "worst_controls", "accounts",
)  # fmt: skip


def without_scores(status: PostureTargetStatus) -> PostureTargetStatus:
    """Return the status without all that an evaluation fills."""
    empty = PostureTargetStatus()
    return status.model_copy(update={name: getattr(empty, name) for name in EVALUATED})


def believed(status: PostureTargetStatus, scope: str) -> PostureTargetStatus:
    """Return the status with what it may go on telling of an earlier evaluation.

    `scope`: digest of what is scored. Numbers of another scope are none of this one's, numbers without a time
    are none at all, and a score that is not that of its own controls was written by no evaluation.
    """
    if status.scope_digest != scope or status.score_time is None:
        return without_scores(status)
    if status.score is not None and not _adds_up(status):
        return without_scores(status)
    return status.model_copy(
        update={
            "standards": tuple(filter(_adds_up, status.standards)),
            "workloads": tuple(filter(_adds_up, status.workloads)),
        }
    )


def _adds_up(told: PostureTargetStatus | StandardScore | WorkloadScore) -> bool:
    found = _score(told.passed, told.scored)
    return found is not None and 0 <= found.passed <= found.scored and found.percent == told.score


def restored(status: PostureTargetStatus, method: ScoringMethod) -> RestoredScores | None:
    """Return the scores that the status keeps, or None when there are none.

    Every score in a status is by the method of the headline. The caller has taken off what is not `believed`.
    """
    if status.score_time is None:
        return None
    return RestoredScores(
        metric=_METRIC[method],
        target=_score(status.passed, status.scored),
        standards=_present({each.standard: _score(each.passed, each.scored) for each in status.standards}),
        workloads=_present(
            {
                (each.standard, each.workload, each.environment): _score(each.passed, each.scored)
                for each in status.workloads
            }
        ),
        exact_at=int(status.score_time.timestamp()) * SECOND,
    )


def _score(passed: int | None, scored: int | None) -> Score | None:
    return Score(passed, scored) if passed is not None and scored else None


def _present(scores: Mapping[_K, Score | None]) -> dict[_K, Score]:
    return {scope: score for scope, score in scores.items() if score is not None}


def _findings(evaluation: Evaluation) -> FindingCounts:
    found = totals(evaluation.findings)
    return FindingCounts(
        failed=SeverityCounts(
            **{severity.name.lower(): found.failed[severity] for severity in Severity},
            total=found.failed_total,
        ),
        warning=found.warning,
        not_available=found.not_available,
        passed=found.passed,
        suppressed=found.suppressed,
        disabled=found.disabled,
        stale=found.stale,
    )


def chosen_scores(
    shown: Shown | None, known: RestoredScores | None, term: int
) -> Shown | RestoredScores | None:
    """Return what is shown: what this replica found out itself, or what the status tells of an earlier one.

    Since it has polled in this `term` of the hub nobody knows better, whatever the status says. Until then
    the newer one is shown: what it finds in its store may be older than what another has told meanwhile.
    """
    if shown is None or known is None:
        return shown or known
    is_own = shown.polled_in == term
    return shown if is_own or shown.exact_at >= known.exact_at else known
