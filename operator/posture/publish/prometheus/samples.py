"""Makes samples: of a target, of policies, and of what is read at each scrape.

A target has its evaluation, its objectives and its conditions; a policy what it suppressed, what was undone
and when it ends; a rule its plan. At a scrape the hubs that this replica works on, calls, leases and
the configuration are read.
"""

from collections.abc import Iterable

from posture.aws.client.limiter import Usage
from posture.config.file import (
    ConfigFile,
)
from posture.domain.remediation.reasons import Reason
from posture.domain.time import SECOND
from posture.hubs.hub import Hub
from posture.kube.resources import REMEDIATION_RULES, SUPPRESSION_POLICIES
from posture.publish.outputs import OutputNumbers
from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Samples, Value
from posture.publish.prometheus.families import Family
from posture.publish.reports import ObjectReport, PolicyReport, RuleReport
from posture.sources.base import EventOutcome

_STATUSES = ("True", "False", "Unknown")


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
