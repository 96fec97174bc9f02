"""Alerts on the way from AWS: whether Security Hub is read in time, in full and without being refused."""

from deploy.prometheus.alert import Alert, Group

_HUB = "cluster, hub, account_id, region"
_NAMED = "Security Hub {{ $labels.account_id }}/{{ $labels.region }}"
# What no score or no exception can do without. Whatever else is denied is left out, and said in conditions.
_INDISPENSABLE = "DescribeHub|GetFindings|BatchUpdateFindings|BatchUpdateStandardsControlAssociations"
_DENIED = "AccessDenied.*|InvalidAccessException|NotAuthorized|UnauthorizedOperation"

SYNC = Group(
    "posture-sync",
    (
        Alert(
            "PostureSyncStale",
            "warning",
            "5m",
            f"time() - max by ({_HUB}) (posture_sync_last_success_timestamp_seconds)"
            f" > THRESHOLD * max by ({_HUB}) (posture_sync_interval_seconds)"
            f" and max by ({_HUB}) (posture_sync_progress_ratio) == 1",
            f"{_NAMED} was last polled {{{{ $value | humanizeDuration }}}} ago.",
            "Several intervals have passed without a complete poll. Scores stay those of the last one, their"
            " targets say ScoreCurrent=False.",
            threshold=3,
            threshold_means="intervals",
        ),
        Alert(
            "PostureSyncFailing",
            "warning",
            "30m",
            f"sum by ({_HUB}) (increase(posture_sync_errors_total[20m])) > 0",
            f"Attempts to read {_NAMED} keep failing.",
            "Polls, sweeps or re-lists fail again and again. The condition Ready of the targets, and the"
            " label reason"
            " of posture_sync_errors_total, say why.",
        ),
        Alert(
            "PostureFirstSweepSlow",
            "warning",
            "30m",
            f"max by ({_HUB}) (posture_sync_progress_ratio) < 1"
            f" and max by ({_HUB}) (delta(posture_sync_progress_ratio[30m])) <= 0",
            f"The first sweep of {_NAMED} stands at {{{{ $value | humanizePercentage }}}}.",
            "Until all findings are read once, there is no exact score, and so none at all. This sweep has"
            " not got on"
            " for half an hour.",
        ),
        Alert(
            "PostureSyncCorrected",
            "warning",
            "0m",
            # A counter begins with its first correction, which no increase tells.
            f"sum by ({_HUB}, reason) (increase(posture_sync_corrections_total[1d]) > 0"
            " or (posture_sync_corrections_total unless posture_sync_corrections_total offset 1d)) > 0",
            f"A sweep of {_NAMED} corrected what polls had missed ({{{{ $labels.reason }}}}).",
            "Between two sweeps the score was not exact: Security Hub did not list a change when it was"
            " asked for"
            " changes. The score is right again.",
        ),
        Alert(
            "PostureThrottled",
            "warning",
            "30m",
            "sum by (cluster, service, operation) (rate(posture_aws_throttled_seconds_total[15m])) >"
            " THRESHOLD",
            "{{ $labels.service }}:{{ $labels.operation }} waits for AWS's quota {{ $value |"
            " humanizePercentage }}"
            " of the time.",
            "AWS refuses calls because the quota of the account is used up. The operator slows down by"
            " itself; polls"
            " take longer.",
            threshold=0.2,
            threshold_means="part of the time, 0 to 1",
        ),
        Alert(
            "PostureAccessDenied",
            "warning",
            "15m",
            "sum by (cluster, service, operation) (increase(posture_aws_requests_total"
            f'{{code=~"{_DENIED}",operation=~"{_INDISPENSABLE}"}}[30m])) > 0',
            "AWS denies {{ $labels.service }}:{{ $labels.operation }}.",
            "A call is denied without which there is no score, or without which no exception is made."
            " Rights that"
            " are optional are not among them.",
        ),
    ),
)
