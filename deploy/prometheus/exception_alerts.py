"""Alerts on exceptions: those that end, those that nobody reviews, those that are undone, and their worth."""

from deploy.prometheus.alert import Alert, Group

_POLICY = "cluster, namespace, policy, target"
_TARGET = "cluster, namespace, target"
_NAMED = "SuppressionPolicy {{ $labels.namespace }}/{{ $labels.policy }}"
_ENDS = f"max by ({_POLICY}) (posture_suppression_expiry_timestamp_seconds)"

EXCEPTIONS = Group(
    "posture-exceptions",
    (
        Alert(
            "PosturePolicyExpiresSoon",
            "info",
            "1h",
            f"{_ENDS} - time() < THRESHOLD * 86400 and {_ENDS} > time()",
            f"{_NAMED} ends in {{{{ $value | humanizeDuration }}}}.",
            "What it excepts will count again then. Have a later end approved, or put right what it excepts.",
            threshold=14,
            threshold_means="days",
        ),
        Alert(
            "PosturePolicyExpired",
            "warning",
            "1d",
            f"time() - {_ENDS} > 0",
            f"{_NAMED} ended {{{{ $value | humanizeDuration }}}} ago.",
            "What it excepted counts again, and the object is still there: delete it, or have a later end"
            " approved.",
        ),
        Alert(
            "PosturePolicyReviewDue",
            "info",
            "1h",
            f"time() - max by ({_POLICY}) (posture_suppression_review_due_timestamp_seconds) > 0",
            f"The review of {_NAMED} has been due for {{{{ $value | humanizeDuration }}}}.",
            "Somebody has to look whether the exception is still needed, and say so in"
            " spec.review.reviewedAt.",
        ),
        Alert(
            "PostureSuppressionDrift",
            "warning",
            "1h",
            f"max by ({_POLICY}) (posture_suppression_drift) > THRESHOLD",
            f"{{{{ $value }}}} suppressions of {_NAMED} were undone within a day.",
            "Somebody, or another tool, reopens what the policy suppresses. The operator suppresses it"
            " again, each"
            " time later.",
            threshold=0,
            threshold_means="suppressions within a day",
        ),
        Alert(
            "PostureExceptionsWorthMuch",
            "info",
            "1d",
            f"max by ({_TARGET}) (posture_target_score_ratio)"
            f" - max by ({_TARGET}) (posture_target_unsuppressed_score_ratio) > THRESHOLD",
            "Exceptions make up {{ $value | humanizePercentage }} of the score of"
            " {{ $labels.namespace }}/{{ $labels.target }}.",
            "Without what is suppressed, and with what policies turned off, the score would be that much"
            " lower.",
            threshold=0.1,
            threshold_means="difference of the scores, 0 to 1",
        ),
    ),
)
