"""The values of a target's metrics, from what is told of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from posture.domain.costs import CostEstimate
from posture.domain.objectives.overdue import Overdue
from posture.domain.objectives.worst import FailedControls
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import ControlCounts, Scores
from posture.domain.time import SECOND
from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Samples, Value
from posture.publish.prometheus.families import Family, score_family
from posture.publish.prometheus.samples import _snake_case
from posture.publish.reports import (
    InsightReport,
    ObjectiveLimits,
    RestoredScores,
    TargetHub,
)


def evaluation_samples(
    namespace: str,
    target: str,
    evaluation: Evaluation,
    *,
    pooled: bool = True,
    per_control: bool = False,
) -> dict[Family, list[Value]]:
    """Return the samples of an evaluation, but for its time.

    `pooled`: False leaves the target's own scores out, where a chosen standard is missing.
    """
    own = (namespace, target)
    samples = _scores("target", [(own, evaluation.target)]) if pooled else {}
    samples |= _scores("standard", [((*own, standard), s) for standard, s in evaluation.standards.items()])
    samples |= _scores("workload", [((*own, *scope), s) for scope, s in evaluation.workloads.items()])
    samples |= _scores("account", [((*own, *scope), s) for scope, s in evaluation.accounts.items()])
    samples[families.ACCOUNTS] = [
        ((*own, "reporting"), len(evaluation.reporting)),
        ((*own, "silent"), len(evaluation.silent)),
        ((*own, "excluded"), len(evaluation.excluded)),
    ]
    samples[families.ACCOUNT_INFO] = [
        ((*own, account, *_said_of(account, evaluation)), 1)
        for account in sorted({*evaluation.groups, *evaluation.ungrouped})
    ]
    samples[families.CONTROLS] = [
        ((*own, standard, status), count)
        for standard, counts in evaluation.controls.items()
        for status, count in zip(ControlCounts._fields, counts, strict=True)
    ]
    if per_control:
        samples[families.CONTROL_STATUS] = [
            ((*own, standard, control, status.name.lower()), 1)
            for (standard, control), status in evaluation.statuses.items()
        ]
    samples[families.FINDINGS_COUNT] = [
        ((*own, key.product, key.account_id, key.severity.name.lower(), key.state.name.lower()), count)
        for key, count in evaluation.findings.items()
    ]
    return samples


def overdue_samples(namespace: str, target: str, overdue: Overdue[Any]) -> dict[Family, list[Value]]:
    """Return the samples of what is overdue; none where it is not known of some whether they are."""
    if overdue.unknown:
        return {}
    return {
        families.FINDINGS_OVERDUE: [
            ((namespace, target, key.product, key.account_id, key.severity.name.lower()), count)
            for key, count in overdue.counts.items()
        ]
    }


def _said_of(account: str, evaluation: Evaluation) -> tuple[str, str, str, str]:
    """Return name, workload, environment and owner of an account; empty where they are not known."""
    group = evaluation.groups.get(account)
    workload, environment = ("", "") if group is None else group[:2]
    return evaluation.names.get(account, ""), workload, environment, evaluation.owners.get(account, "")


def control_samples(namespace: str, target: str, failed: FailedControls[Any]) -> dict[Family, list[Value]]:
    """Return the samples of failed findings by control; controls without any have none."""
    return {
        families.CONTROL_FAILED: [
            ((namespace, target, key.standard, key.control, key.severity.name.lower()), count)
            for key, count in failed.failed.items()
        ]
    }


def info_samples(namespace: str, target: str, hub: TargetHub) -> Samples:
    """Return the sample that joins a target with its hub."""
    return {families.TARGET_INFO: [((namespace, target, *hub), 1)]}


def restored_samples(namespace: str, target: str, restored: RestoredScores) -> dict[Family, list[Value]]:
    """Return the samples of scores that the status keeps, but for their time."""
    own = (namespace, target)
    scores: dict[Family, list[Value]] = {
        score_family("standard", restored.metric): [
            ((*own, standard), score.ratio) for standard, score in restored.standards.items()
        ],
        score_family("workload", restored.metric): [
            ((*own, *scope), score.ratio) for scope, score in restored.workloads.items()
        ],
    }
    if restored.target is not None:
        scores[score_family("target", restored.metric)] = [(own, restored.target.ratio)]
    return scores


def timestamp_samples(namespace: str, target: str, exact_at: int) -> Samples:
    """Return the sample of the time (microseconds) at which what is published was exact."""
    return {families.SCORE_TIMESTAMP: [((namespace, target), exact_at / SECOND)]}


def objective_samples(namespace: str, target: str, aims: ObjectiveLimits) -> dict[Family, list[Value]]:
    """Return the samples of objectives: scores and drops as ratios, times in seconds."""
    own = (namespace, target)
    samples: dict[Family, list[Value]] = {}
    if aims.minimum_score is not None:
        samples[families.OBJECTIVE_MINIMUM] = [(own, aims.minimum_score / 100)]
    if aims.max_drop is not None:
        samples[families.OBJECTIVE_DROP] = [(own, aims.max_drop / 100)]
    if aims.resolve_within:
        samples[families.OBJECTIVE_RESOLVE] = [
            ((*own, severity.name.lower()), seconds) for severity, seconds in aims.resolve_within.items()
        ]
    return samples


def drop_samples(namespace: str, target: str, drop: float) -> Samples:
    """Return the sample of how far the score has fallen, as a ratio."""
    return {families.SCORE_DROP: [((namespace, target), drop)]}


def insight_samples(namespace: str, target: str, insights: Iterable[InsightReport]) -> Samples:
    """Return the samples of insights: two numbers each, whatever they count."""
    labelled = [((namespace, target, each.insight, each.name), each) for each in insights]
    return {
        families.INSIGHT_VALUES: [(labels, each.values) for labels, each in labelled],
        families.INSIGHT_FINDINGS: [(labels, each.findings) for labels, each in labelled],
    }


def setup_samples(namespace: str, target: str, setup: Mapping[str, bool]) -> Samples:
    """Return the samples of a set-up: of the parts of which it is known how they stand."""
    return {
        families.SETUP_CHECK: [
            ((namespace, target, _snake_case(check)), int(good)) for check, good in setup.items()
        ]
    }


def cost_samples(namespace: str, target: str, cost: CostEstimate) -> Samples:
    """Return the samples of what Security Hub costs; ingestion only where other products are read."""
    own = namespace, target
    kinds = {"checks": cost.checks, "ingestion": cost.ingestion}
    return {
        families.ESTIMATED_COST: [((*own, kind), each) for kind, each in kinds.items() if each is not None],
        families.ESTIMATED_STANDARD_COST: [
            ((*own, standard), saved) for standard, saved in cost.standards.items()
        ],
    }


def _scores(scope: str, entries: Iterable[tuple[tuple[str, ...], Scores]]) -> dict[Family, list[Value]]:
    samples: dict[Family, list[Value]] = {
        score_family(scope, "score_ratio"): [],
        score_family(scope, "unsuppressed_score_ratio"): [],
        score_family(scope, "expected_controls_score_ratio"): [],
    }
    for labels, scores in entries:
        for metric, score in zip(samples.values(), scores, strict=True):
            if score is not None:
                metric.append((labels, score.ratio))
    return samples
