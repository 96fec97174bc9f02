"""Makes samples: of a target, of policies, and of what is read at each scrape.

A target has its evaluation, its objectives and its conditions; a policy what it suppressed, what was undone
and when it ends; a rule its plan. At a scrape the hubs that this replica works on, calls, leases and
the configuration are read.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from posture.aws.client.limiter import Usage
from posture.config.file import (
    ConfigFile,
)
from posture.domain.costs import CostEstimate
from posture.domain.objectives.overdue import Overdue
from posture.domain.objectives.worst import FailedControls
from posture.domain.remediation.reasons import Reason
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import ControlCounts, Scores
from posture.domain.time import SECOND
from posture.hubs.hub import Hub
from posture.kube.resources import REMEDIATION_RULES, SUPPRESSION_POLICIES
from posture.publish.outputs import OutputNumbers
from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Samples, Value
from posture.publish.prometheus.families import Family, score_family
from posture.publish.sink import (
    InsightReport,
    ObjectiveLimits,
    ObjectReport,
    PolicyReport,
    RestoredScores,
    RuleReport,
    TargetHub,
)
from posture.sources.base import EventOutcome

_STATUSES = ("True", "False", "Unknown")


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


def condition_samples(report: ObjectReport) -> Samples:
    """Return the samples of an object's conditions; of three statuses one is 1."""
    own = (report.kind, report.namespace, report.name)
    return {
        families.CONDITION: [
            ((*own, type_, status), 1 if status == actual else 0)
            for type_, actual in report.conditions.items()
            for status in _STATUSES
        ]
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


def policy_samples(policies: Iterable[PolicyReport]) -> dict[Family, list[Value]]:
    """Return the samples of some policies; what does not exist or is not known has none."""
    samples: dict[Family, list[Value]] = {}
    for each in policies:
        labels = (each.namespace, each.name, each.target)
        for family, value in (
            (families.SUPPRESSED_FINDINGS, each.suppressed),
            (families.SUPPRESSION_DRIFT, each.drift),
            (families.SUPPRESSION_EXPIRY, _seconds(each.expires_at)),
            (families.SUPPRESSION_REVIEW_DUE, _seconds(each.review_due_at)),
        ):
            if value is not None:
                samples.setdefault(family, []).append((labels, value))
        report = ObjectReport(SUPPRESSION_POLICIES.kind, each.namespace, each.name, each.conditions)
        for family, values in condition_samples(report).items():
            samples.setdefault(family, []).extend(values)
    return samples


def rule_samples(rules: Iterable[RuleReport]) -> dict[Family, list[Value]]:
    """Return the samples of some rules: of a plan that is known those outcomes that there are.

    What would be remediated is told also where that is nothing, so that an alert on it has a series.
    """
    samples: dict[Family, list[Value]] = {
        families.REMEDIATION_CANDIDATES: [],
        families.REMEDIATIONS: [],
        families.REMEDIATIONS_TOTAL: [],
    }
    for each in rules:
        own = each.namespace, each.name
        for (action, state), count in each.states.items():
            samples[families.REMEDIATIONS].append(((*own, action, _snake_case(state)), count))
        for (action, state), count in each.ended.items():
            samples[families.REMEDIATIONS_TOTAL].append(((*own, action, _snake_case(state)), count))
        if each.candidates is not None:
            for reason, count in {Reason.PLANNED: 0, **each.candidates}.items():
                labels = (
                    each.namespace,
                    each.name,
                    each.target,
                    reason.decision.lower(),
                    _snake_case(reason),
                )
                samples[families.REMEDIATION_CANDIDATES].append((labels, count))
        report = ObjectReport(REMEDIATION_RULES.kind, each.namespace, each.name, each.conditions)
        for family, values in condition_samples(report).items():
            samples.setdefault(family, []).extend(values)
    return samples


def _seconds(instant: int | None) -> float | None:
    return None if instant is None else instant / SECOND


def process_samples(usage: Usage, config: ConfigFile, *, held: int) -> Samples:
    """Return the counters of calls, the hubs held and how the configuration stands."""
    return {
        families.AWS_REQUESTS: [(key, count) for key, count in usage.requests.items()],
        families.AWS_THROTTLED: [(key, seconds) for key, seconds in usage.throttled_seconds.items()],
        families.WRITES_FROZEN: [((), float(config.current().frozen))],
        families.CONFIG_LAST_RELOAD_SUCCESSFUL: [((), float(config.error is None))],
        families.LEASES_HELD: [((), held)],
    }


def hub_samples(hubs: Iterable[Hub]) -> Samples:
    """Return the sync of each hub; what has not happened yet is left out."""
    samples: dict[Family, list[Value]] = {}
    for hub in hubs:
        status = hub.status
        labels = (hub.name, status.facts.account_id if status.facts else "", hub.key.region)
        for family, value in (
            (families.SYNC_LAST_SUCCESS, _seconds(status.last_success)),
            (families.SYNC_DURATION, status.duration_seconds),
            (families.SYNC_INTERVAL, status.interval_seconds),
            (families.SYNC_RELIST_ROTATION, status.lag_seconds if status.exact else None),
            (families.SNAPSHOT_TIME, _seconds(status.snapshots.taken)),
            (families.SNAPSHOT_BYTES, status.snapshots.stored_bytes),
            (families.SYNC_PROGRESS, status.progress),
            (families.EVENTS_LAG, hub.listening.lag),
        ):
            if value is not None:
                samples.setdefault(family, []).append((labels, value))
        for family, counts in (
            (families.SYNC_ERRORS, status.errors),
            (families.SYNC_CORRECTIONS, status.corrections),
        ):
            samples.setdefault(family, []).extend(
                ((*labels, _snake_case(reason)), count) for reason, count in counts.items()
            )
        if status.listening is not None:
            samples.setdefault(families.EVENTS_RECEIVED, []).extend(
                ((*labels, outcome.value), hub.listening.outcomes[outcome]) for outcome in EventOutcome
            )
    return samples


def output_samples(outputs: Iterable[OutputNumbers]) -> Samples:
    """Return what became of what was to be sent to each output."""
    samples: dict[Family, list[Value]] = {}
    for each in outputs:
        labels = each.output, each.kind
        for family, value in (
            (families.OUTPUT_SENT, each.sent),
            (families.OUTPUT_DROPPED, each.dropped),
            (families.OUTPUT_QUEUE, each.queued),
            (families.OUTPUT_OLDEST, each.oldest),
        ):
            samples.setdefault(family, []).append((labels, value))
        samples.setdefault(families.OUTPUT_FAILED, []).extend(
            ((*labels, _snake_case(reason)), count) for reason, count in each.failed.items()
        )
    return samples


def _snake_case(reason: str) -> str:
    """Return a condition's reason (`AccessDenied`) as labels spell it (`access_denied`)."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in reason).lstrip("_")
