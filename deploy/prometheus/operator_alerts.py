"""Alerts on the operator itself: whether it runs, alone, and by the configuration that is meant."""

from deploy.prometheus.alert import Alert, Group

OPERATOR = Group(
    "posture-operator",
    (
        Alert(
            "PostureOperatorDown",
            "critical",
            "10m",
            "absent(posture_build_info)",
            "No replica of Posture Operator is scraped.",
            "Every score is missing, and no other alert of the operator can fire. Nothing is suppressed,"
            " remediated or ended until a replica runs.",
        ),
        Alert(
            "PostureNoReplicaWorks",
            "critical",
            "10m",
            "sum by (cluster, namespace, job) (posture_leases_held) == 0"
            " and sum by (cluster, namespace, job) (max_over_time(posture_leases_held[WINDOW])) > 0",
            "Replicas of {{ $labels.job }} run, and none works on a Security Hub any more.",
            "A replica held the Lease of a Security Hub within the last hours and none does now, so there"
            " are no"
            " scores. Look at /readyz and at the Leases in the release's namespace.",
            window="6h",
        ),
        Alert(
            "PostureTwoReleases",
            "warning",
            "15m",
            "count by (cluster, hub, account_id, region) (posture_sync_last_success_timestamp_seconds) > 1",
            "{{ $value }} processes poll Security Hub {{ $labels.account_id }}/{{ $labels.region }}.",
            "One replica works on a Security Hub. More than one series means that two releases watch the same"
            " namespaces, or that the same pod is scraped by two jobs.",
        ),
        Alert(
            "PostureTwoVersions",
            "warning",
            "1h",
            "count by (cluster, namespace, job)"
            " (count by (cluster, namespace, job, version) (posture_build_info)) > 1",
            "{{ $value }} versions of {{ $labels.job }} run side by side.",
            "An upgrade or a rollback has not ended: some replicas still run another version.",
        ),
        Alert(
            "PostureRestarts",
            "warning",
            "5m",
            "sum by (cluster, namespace, job) (changes(process_start_time_seconds[1h])"
            " and on (cluster, job, instance) posture_build_info) > THRESHOLD",
            "Replicas of {{ $labels.job }} have restarted {{ $value }} times within an hour.",
            "A replica that restarts gives its Leases up each time, and scores are late. Most often its"
            " memory"
            " limit is too small for the findings that it reads.",
            threshold=3,
            threshold_means="restarts within an hour",
        ),
        Alert(
            "PostureEventLoopLate",
            "warning",
            "15m",
            "max by (cluster, namespace, job, instance) (posture_event_loop_lag_seconds) > THRESHOLD",
            "The event loop of {{ $labels.instance }} is {{ $value | humanizeDuration }} late.",
            "The process does not get the processor in time. Leases are renewed late, and are lost when"
            " that takes"
            " longer than lease.renewDeadline.",
            threshold=2,
            threshold_means="seconds",
        ),
        Alert(
            "PostureOutputLate",
            "warning",
            "10m",
            "max by (cluster, namespace, job, output, kind) (posture_output_oldest_seconds) > THRESHOLD",
            "The output {{ $labels.output }} has not sent what is {{ $value | humanizeDuration }} old.",
            "Its destination takes nothing, or less than there is. What waits is kept up to maxQueue; the"
            " condition Published of its targets says why.",
            threshold=900,
            threshold_means="seconds",
        ),
        Alert(
            "PostureOutputDropped",
            "critical",
            "0m",
            "sum by (cluster, namespace, job, output, kind) (increase(posture_output_dropped_total[1h])) > 0",
            "The output {{ $labels.output }} has dropped what was to be sent.",
            "They never arrive: the queue was full, they were too old, or the destination refused them.",
        ),
        Alert(
            "PostureOutputFailing",
            "warning",
            "15m",
            "sum by (cluster, namespace, job, output, kind) (increase(posture_output_failed_total[10m])) > 0"
            " unless on (cluster, namespace, job, output, kind)"
            " sum by (cluster, namespace, job, output, kind) (increase(posture_output_sent_total[10m])) > 0",
            "The output {{ $labels.output }} fails and sends nothing.",
            "Every attempt to send to its destination fails. The label reason of posture_output_failed_total"
            " and the condition Published of its targets say why.",
        ),
        Alert(
            "PostureConfigInvalid",
            "warning",
            "5m",
            "min by (cluster, namespace, job) (posture_config_last_reload_successful) == 0",
            "The configuration file of {{ $labels.job }} cannot be used.",
            "The last good one stays in force, so what was changed since is not: a grant that was taken"
            " back is"
            " still given. A replica that restarts now has none.",
        ),
        Alert(
            "PostureWritesFrozen",
            "info",
            "24h",
            "max by (cluster, namespace, job) (posture_writes_frozen) == 1",
            "Writes of {{ $labels.job }} have been frozen for a day.",
            "The configuration says writes: Frozen. Exceptions are neither made nor ended, and nothing is"
            " remediated or undone.",
        ),
    ),
)
