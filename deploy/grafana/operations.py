"""The dashboard for those who run the operator: sync, calls, quota, Leases, processes."""

from deploy.grafana.panel import (
    ANY,
    IN_NAMESPACE,
    NONE_IS_BEST,
    NONE_IS_GOOD,
    Dashboard,
    Panel,
    Query,
    Row,
)

_DOWN = "No replica is scraped: there are no scores. See the runbook of PostureOperatorDown."
_NO_HUB = "No replica works on a Security Hub: nothing is declared, or no Lease is held."
_HUB = "cluster, hub, account_id, region"
_OF_HUB = ("hub", "account_id", "region")
_HUB_NAME = "{{account_id}}/{{region}}"
_POD = "cluster, job, instance"
_OF_POD = ("job", "instance")
_OURS = f"and on (cluster, job, instance) posture_build_info{{{ANY}}}"


def _of_hub(metric: str) -> str:
    return f"max by ({_HUB}) ({metric}{{{ANY}}})"


def _of_pod(metric: str) -> str:
    return f"max by ({_POD}) ({metric}{{{ANY}}})"


NOW = Row(
    "Now",
    (
        Panel(
            "stat",
            "Replicas by version",
            "Two versions for long: an upgrade that stands still.",
            "short",
            ("version",),
            (Query(f"count by (cluster, version) (posture_build_info{{{ANY}}})", "{{version}}"),),
            _DOWN,
            width=6,
            height=5,
        ),
        Panel(
            "stat",
            "Security Hubs worked on",
            "Leases held, of all replicas.",
            "short",
            (),
            (Query(f"sum by (cluster) (posture_leases_held{{{ANY}}})", "{{cluster}}"),),
            _DOWN,
            width=6,
            height=5,
            steps=((None, "red"), (1, "green")),
        ),
        Panel(
            "stat",
            "Configuration",
            "Whether the configuration file as it is now can be used.",
            "none",
            (),
            (Query(f"min by (cluster) (posture_config_last_reload_successful{{{ANY}}})", "{{cluster}}"),),
            _DOWN,
            width=6,
            height=5,
            steps=((None, "red"), (1, "green")),
            words={0: "cannot be used", 1: "in force"},
        ),
        Panel(
            "stat",
            "Writes",
            "Whether the configuration says writes: Frozen.",
            "none",
            (),
            (Query(f"max by (cluster) (posture_writes_frozen{{{ANY}}})", "{{cluster}}"),),
            _DOWN,
            width=6,
            height=5,
            steps=NONE_IS_BEST,
            words={0: "enabled", 1: "frozen"},
        ),
    ),
)
OBJECTS = Row(
    "Objects",
    (
        Panel(
            "table",
            "Stalled",
            "Objects that wait for somebody to do something; the message of the condition says what.",
            "none",
            ("kind", "namespace", "name"),
            (
                Query(
                    "max by (cluster, kind, namespace, name)"
                    f' (posture_condition{{{IN_NAMESPACE},type="Stalled",status="True"}} == 1)',
                    "Stalled",
                ),
            ),
            "Nothing is stalled.",
            height=6,
            words={1: "yes"},
        ),
        Panel(
            "table",
            "Scores that are not current",
            "Targets whose condition ScoreCurrent is not True.",
            "none",
            ("namespace", "name"),
            (
                Query(
                    "max by (cluster, namespace, name) (posture_condition{"
                    f'{IN_NAMESPACE},kind="PostureTarget",name=~"$target",'
                    'type="ScoreCurrent",status="True"} == 0)',
                    "Current",
                ),
            ),
            "Every score is current, or there is no target.",
            height=6,
            words={0: "no"},
        ),
    ),
)
SYNC = Row(
    "Sync",
    (
        Panel(
            "table",
            "Security Hubs",
            "How long ago each was polled, how long that took, and how often it is to be.",
            "s",
            _OF_HUB,
            (
                Query(f"time() - {_of_hub('posture_sync_last_success_timestamp_seconds')}", "Polled"),
                Query(_of_hub("posture_sync_last_duration_seconds"), "Took"),
                Query(_of_hub("posture_sync_interval_seconds"), "Interval"),
                Query(_of_hub("posture_sync_progress_ratio"), "First sweep"),
            ),
            _NO_HUB,
            width=24,
            height=5,
            units={"First sweep": "percentunit"},
        ),
        Panel(
            "lines",
            "Time since the last poll, in intervals",
            "Above 3 the alert PostureSyncStale fires.",
            "short",
            _OF_HUB,
            (
                Query(
                    f"(time() - {_of_hub('posture_sync_last_success_timestamp_seconds')})"
                    f" / {_of_hub('posture_sync_interval_seconds')}",
                    _HUB_NAME,
                ),
            ),
            _NO_HUB,
            steps=((None, "green"), (3, "red")),
        ),
        Panel(
            "lines",
            "Duration of polls",
            "Near the interval: a longer interval, or a larger quotaShare.",
            "s",
            _OF_HUB,
            (Query(_of_hub("posture_sync_last_duration_seconds"), _HUB_NAME),),
            _NO_HUB,
        ),
        Panel(
            "lines",
            "Errors per hour, by reason",
            "Failed attempts to read a Security Hub.",
            "short",
            ("reason",),
            (
                Query(
                    f"sum by (cluster, reason) (increase(posture_sync_errors_total{{{ANY}}}[1h]))",
                    "{{reason}}",
                ),
            ),
            "No attempt has failed.",
        ),
        Panel(
            "lines",
            "Corrections by sweeps, per day",
            "What polls should have seen. Anything above 0 means that the score was not exact between two"
            " sweeps.",
            "short",
            ("reason",),
            (
                Query(
                    f"sum by (cluster, reason) (increase(posture_sync_corrections_total{{{ANY}}}[1d]))",
                    "{{reason}}",
                ),
            ),
            "Nothing had to be corrected.",
            steps=NONE_IS_GOOD,
        ),
    ),
)
AWS = Row(
    "AWS",
    (
        Panel(
            "lines",
            "Requests by operation",
            "All answers, those that refuse too.",
            "reqps",
            ("service", "operation"),
            (
                Query(
                    "sum by (cluster, service, operation)"
                    f" (rate(posture_aws_requests_total{{{ANY}}}[$__rate_interval]))",
                    "{{service}}:{{operation}}",
                ),
            ),
            "No request to AWS in this time.",
            width=8,
        ),
        Panel(
            "lines",
            "Refused requests by code",
            "Rights that are optional are among them.",
            "reqps",
            ("operation", "code"),
            (
                Query(
                    "sum by (cluster, operation, code)"
                    f' (rate(posture_aws_requests_total{{{ANY},code!~"2.."}}[$__rate_interval]))',
                    "{{operation}} {{code}}",
                ),
            ),
            "AWS has refused nothing.",
            width=8,
        ),
        Panel(
            "lines",
            "Time spent waiting for AWS's quota",
            "The part of the time that calls of an operation waited. Above a fifth PostureThrottled fires.",
            "percentunit",
            ("service", "operation"),
            (
                Query(
                    "sum by (cluster, service, operation)"
                    f" (rate(posture_aws_throttled_seconds_total{{{ANY}}}[$__rate_interval]))",
                    "{{service}}:{{operation}}",
                ),
            ),
            "AWS has throttled nothing.",
            width=8,
            steps=((None, "green"), (0.2, "orange")),
        ),
    ),
)
PROCESSES = Row(
    "Processes",
    (
        Panel(
            "lines",
            "Leases by replica",
            "A change is a takeover.",
            "short",
            _OF_POD,
            (Query(_of_pod("posture_leases_held"), "{{instance}}"),),
            _DOWN,
            stacked=True,
        ),
        Panel(
            "lines",
            "Lag of the event loop",
            "Near lease.renewDeadline (10 s) Leases are lost.",
            "s",
            _OF_POD,
            (Query(_of_pod("posture_event_loop_lag_seconds"), "{{instance}}"),),
            _DOWN,
            steps=((None, "green"), (2, "orange"), (10, "red")),
        ),
        Panel(
            "lines",
            "Memory",
            "Resident memory of each replica.",
            "bytes",
            _OF_POD,
            (Query(f"max by ({_POD}) (process_resident_memory_bytes{{{ANY}}} {_OURS})", "{{instance}}"),),
            _DOWN,
        ),
        Panel(
            "lines",
            "Processor",
            "Cores in use; one is all that the event loop can use.",
            "short",
            _OF_POD,
            (
                Query(
                    f"max by ({_POD}) (rate(process_cpu_seconds_total{{{ANY}}}[$__rate_interval]) {_OURS})",
                    "{{instance}}",
                ),
            ),
            _DOWN,
        ),
    ),
)

OPERATIONS = Dashboard(
    "posture-operations",
    "Posture / Operations",
    "For those who run the operator: whether it runs, reads Security Hub in time, and how it gets on with"
    " AWS.",
    (NOW, OBJECTS, SYNC, AWS, PROCESSES),
)
