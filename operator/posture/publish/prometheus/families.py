"""The metric families, each with its name, meaning and labels. Dashboards and alerts rely on every one.

Ratios are 0-1 and unrounded; a number that does not exist is an absent series.
"""

from typing import Literal, NamedTuple


class Family(NamedTuple):
    """A metric family."""

    name: str
    documentation: str
    labels: tuple[str, ...] = ()
    """In the order in which samples give their values."""
    type: Literal["gauge", "counter"] = "gauge"


TARGET = ("namespace", "target")
STANDARD = (*TARGET, "standard")
WORKLOAD = (*STANDARD, "workload", "environment")
ACCOUNT = (*STANDARD, "account_id")
HUB = ("hub", "account_id", "region")
FINDINGS = (*TARGET, "product", "account_id", "severity")

SCOPES = {"target": TARGET, "standard": STANDARD, "workload": WORKLOAD, "account": ACCOUNT}
_SCOPE_WORDS = {
    "target": "over the unique controls of all its standards",
    "standard": "of one standard",
    "workload": "of one workload in one environment, per standard",
    "account": "of one account, per standard",
}
_METHODS = {
    "score_ratio": "Score by AWS's rules",
    "unsuppressed_score_ratio": "Score by AWS's rules with what policies suppressed or disabled counted",
    "expected_controls_score_ratio": "Share of the expected controls that do not fail",
}


def score_family(scope: str, metric: str) -> Family:
    """Return the score family of a scope (a key of `SCOPES`) and a metric suffix (`score_ratio`, ...)."""
    return SCORES[scope, metric]


SCORES = {
    (scope, metric): Family(f"posture_{scope}_{metric}", f"{meaning}, {words}.", SCOPES[scope])
    for scope, words in _SCOPE_WORDS.items()
    for metric, meaning in _METHODS.items()
}

SCORE_TIMESTAMP = Family("posture_score_timestamp_seconds", "When what is published was exact.", TARGET)
TARGET_INFO = Family(
    "posture_target_info",
    "A target: its hub, and the method of its headline score.",
    (*TARGET, *HUB, "method"),
)
ACCOUNT_INFO = Family(
    "posture_account_info",
    "An account of a target: its name, the workload and environment it belongs to, and its owner by its tag.",
    (*TARGET, "account_id", "account_name", "workload", "environment", "owner"),
)
ACCOUNTS = Family("posture_accounts", "Accounts by state: reporting, silent or excluded.", (*TARGET, "state"))
CONTROLS = Family("posture_controls", "Controls of a standard by status.", (*STANDARD, "status"))
CONTROL_STATUS = Family(
    "posture_control_status", "The status that a control has.", (*STANDARD, "control", "status")
)
CONTROL_FAILED = Family(
    "posture_control_failed_findings",
    "Failed findings of a control, in each standard that it counts in.",
    (*STANDARD, "control", "severity"),
)
FINDINGS_COUNT = Family(
    "posture_findings",
    "Active findings by the first state that fits: stale, disabled, suppressed, failed, warning,"
    " not_available, passed.",
    (*FINDINGS, "state"),
)
FINDINGS_OVERDUE = Family(
    "posture_findings_overdue",
    "Failed findings that fail for longer than spec.objectives.resolveWithin allows.",
    FINDINGS,
)
OBJECTIVE_MINIMUM = Family("posture_objective_minimum_score_ratio", "The lowest score aimed at.", TARGET)
SCORE_DROP = Family(
    "posture_target_score_drop_ratio",
    "How far the headline score is below that of the trend's window ago; 0 where it is not.",
    TARGET,
)
OBJECTIVE_DROP = Family(
    "posture_objective_max_drop_ratio", "The largest drop of the score within the trend's window.", TARGET
)
OBJECTIVE_RESOLVE = Family(
    "posture_objective_resolve_within_seconds",
    "The time within which a failed finding is to be resolved.",
    (*TARGET, "severity"),
)
INSIGHT_VALUES = Family(
    "posture_insight_values",
    "Values by which an insight of Security Hub groups findings; 100 means 100 or more.",
    (*TARGET, "insight", "name"),
)
INSIGHT_FINDINGS = Family(
    "posture_insight_findings",
    "Findings over these values: those with several count for each. At least so many, where there are 100.",
    (*TARGET, "insight", "name"),
)
SETUP_CHECK = Family(
    "posture_setup_check",
    "Whether a part of the organization's set-up is as it should be: 1 or 0; none where that is not known.",
    (*TARGET, "check"),
)
ESTIMATED_COST = Family(
    "posture_estimated_cost_dollars",
    "What Security Hub CSPM costs in a month for a target's accounts, estimated from its findings: checks,"
    " and ingestion of the other products that the target names.",
    (*TARGET, "kind"),
)
ESTIMATED_STANDARD_COST = Family(
    "posture_estimated_standard_cost_dollars",
    "What turning one standard off would save in a month, while all others stay.",
    STANDARD,
)
POLICY = ("namespace", "policy", "target")
SUPPRESSED_FINDINGS = Family(
    "posture_suppressed_findings", "Active findings that a policy suppressed.", POLICY
)
SUPPRESSION_DRIFT = Family(
    "posture_suppression_drift",
    "Suppressions of a policy that somebody undid within the last day, and that were made again.",
    POLICY,
)
SUPPRESSION_EXPIRY = Family(
    "posture_suppression_expiry_timestamp_seconds", "When a policy ends, or has ended.", POLICY
)
SUPPRESSION_REVIEW_DUE = Family(
    "posture_suppression_review_due_timestamp_seconds", "When the next review of a policy is due.", POLICY
)
REMEDIATION_CANDIDATES = Family(
    "posture_remediation_candidates",
    "Resources that fail and are in scope of a rule, by what its plan decides of them and why.",
    ("namespace", "rule", "target", "decision", "reason"),
)
REMEDIATIONS = Family(
    "posture_remediations",
    "Remediations of a rule that are in the journal, by their state.",
    ("namespace", "rule", "action", "state"),
)
REMEDIATIONS_TOTAL = Family(
    "posture_remediations_total",
    "Remediations of a rule that have ended since this replica took its hub up, by how they did.",
    ("namespace", "rule", "action", "outcome"),
    "counter",
)
CONDITION = Family(
    "posture_condition",
    "Conditions of an object: 1 for the status that it has.",
    ("kind", "namespace", "name", "type", "status"),
)
SYNC_LAST_SUCCESS = Family(
    "posture_sync_last_success_timestamp_seconds", "End of the last complete poll of a hub.", HUB
)
SYNC_DURATION = Family("posture_sync_last_duration_seconds", "Duration of the last complete poll.", HUB)
SYNC_INTERVAL = Family("posture_sync_interval_seconds", "Time from one poll to the next.", HUB)
SYNC_RELIST_ROTATION = Family(
    "posture_sync_relist_rotation_seconds",
    "For how long a change by hand without a note may go unseen, as what people did by hand is read in turns;"
    " 0 while each poll reads all of it.",
    HUB,
)
SNAPSHOT_TIME = Family(
    "posture_snapshot_timestamp_seconds",
    "Up to when the newest snapshot reaches that this replica has stored of a hub, or taken over.",
    HUB,
)
SNAPSHOT_BYTES = Family("posture_snapshot_size_bytes", "Size of that snapshot as it is stored.", HUB)
SYNC_PROGRESS = Family(
    "posture_sync_progress_ratio", "Progress of the first sweep; 1 when it is complete.", HUB
)
SYNC_ERRORS = Family(
    "posture_sync_errors_total", "Failed attempts to sync a hub.", (*HUB, "reason"), "counter"
)
SYNC_CORRECTIONS = Family(
    "posture_sync_corrections_total",
    "Rows that a sweep corrected although the polls should have seen the change.",
    (*HUB, "reason"),
    "counter",
)
EVENTS_RECEIVED = Family(
    "posture_events_received_total",
    "Messages that were received from the queue of a hub's events, by what became of them: stored, unchanged,"
    " foreign, malformed, failed.",
    (*HUB, "outcome"),
    "counter",
)
EVENTS_LAG = Family(
    "posture_events_lag_seconds",
    "How long ago the oldest message had been sent that was received last; 0 where none waited.",
    HUB,
)
OUTPUT = ("output", "kind")
OUTPUT_SENT = Family(
    "posture_output_sent_total",
    "What the destination of an output has taken: values, where its kind is cloudwatch, else events.",
    OUTPUT,
    "counter",
)
OUTPUT_FAILED = Family(
    "posture_output_failed_total",
    "Attempts to send to an output that failed.",
    (*OUTPUT, "reason"),
    "counter",
)
OUTPUT_DROPPED = Family(
    "posture_output_dropped_total",
    "What an output did not send: for want of room, for age, since it was refused, or since another replica"
    " publishes it now.",
    OUTPUT,
    "counter",
)
OUTPUT_QUEUE = Family("posture_output_queue_length", "What waits to be sent to an output.", OUTPUT)
OUTPUT_OLDEST = Family(
    "posture_output_oldest_seconds",
    "For how long the oldest of that has waited; 0 where nothing waits.",
    OUTPUT,
)
AWS_REQUESTS = Family(
    "posture_aws_requests_total",
    "Requests to AWS by answer: the HTTP status, or AWS's error code.",
    ("service", "operation", "code"),
    "counter",
)
AWS_THROTTLED = Family(
    "posture_aws_throttled_seconds_total",
    "Time spent waiting for AWS's quota.",
    ("service", "operation", "code"),
    "counter",
)
WRITES_FROZEN = Family("posture_writes_frozen", "1 while the configuration says writes: Frozen.")
CONFIG_LAST_RELOAD_SUCCESSFUL = Family(
    "posture_config_last_reload_successful",
    "0 while the configuration file as it is now cannot be used, and the last good one stays in force.",
)
LEASES_HELD = Family("posture_leases_held", "Hubs that this replica works on.")
BUILD_INFO = Family("posture_build_info", "The version that runs.", ("version", "python_version"))
LOOP_LAG = Family(
    "posture_event_loop_lag_seconds", "How late the event loop ran its last timer, worst of the last minute."
)

ALL: tuple[Family, ...] = (
    *SCORES.values(),
    SCORE_TIMESTAMP,
    TARGET_INFO,
    ACCOUNT_INFO,
    ACCOUNTS,
    CONTROLS,
    CONTROL_STATUS,
    CONTROL_FAILED,
    FINDINGS_COUNT,
    FINDINGS_OVERDUE,
    OBJECTIVE_MINIMUM,
    SCORE_DROP,
    OBJECTIVE_DROP,
    OBJECTIVE_RESOLVE,
    INSIGHT_VALUES,
    INSIGHT_FINDINGS,
    SETUP_CHECK,
    ESTIMATED_COST,
    ESTIMATED_STANDARD_COST,
    SUPPRESSED_FINDINGS,
    SUPPRESSION_DRIFT,
    SUPPRESSION_EXPIRY,
    SUPPRESSION_REVIEW_DUE,
    REMEDIATION_CANDIDATES,
    REMEDIATIONS,
    REMEDIATIONS_TOTAL,
    CONDITION,
    SYNC_LAST_SUCCESS,
    SYNC_DURATION,
    SYNC_INTERVAL,
    SYNC_RELIST_ROTATION,
    SNAPSHOT_TIME,
    SNAPSHOT_BYTES,
    SYNC_PROGRESS,
    SYNC_ERRORS,
    SYNC_CORRECTIONS,
    EVENTS_RECEIVED,
    EVENTS_LAG,
    OUTPUT_SENT,
    OUTPUT_FAILED,
    OUTPUT_DROPPED,
    OUTPUT_QUEUE,
    OUTPUT_OLDEST,
    AWS_REQUESTS,
    AWS_THROTTLED,
    WRITES_FROZEN,
    CONFIG_LAST_RELOAD_SUCCESSFUL,
    LEASES_HELD,
    BUILD_INFO,
    LOOP_LAG,
)
