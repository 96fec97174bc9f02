"""When alerts on exceptions fire, and when not."""

from tests.support.alert_cases.series import FIVE, ORGANIZATION, POLICY, POLICY_LABELS, TARGET, TARGET_LABELS
from tests.support.rule_tests import Case, Fires, steps

CASES = (
    Case(
        "PosturePolicyExpiresSoon",
        # After 15 days.
        {f"posture_suppression_expiry_timestamp_seconds{{{POLICY}}}": steps(15 * 86400, "16d", 5)},
        [
            ("24h", []),
            ("27h", [Fires("SuppressionPolicy security/log-buckets ends in 13d 21h 0m 0s.", POLICY_LABELS)]),
            ("15d", []),
        ],
        step=FIVE,
    ),
    Case(
        "PosturePolicyExpired",
        {
            f"posture_suppression_expiry_timestamp_seconds{{{POLICY}}}": (
                f"{steps(3600, '30h', 5)} {steps(864000, '4h', 5)}"
            )
        },
        [
            ("1h", []),
            ("24h", []),
            ("26h", [Fires("SuppressionPolicy security/log-buckets ended 1d 1h 0m 0s ago.", POLICY_LABELS)]),
            ("31h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PosturePolicyReviewDue",
        {
            f"posture_suppression_review_due_timestamp_seconds{{{POLICY}}}": (
                f"{steps(3600, '3h')} {steps(864000, '3h')}"
            )
        },
        [
            ("110m", []),
            (
                "130m",
                [
                    Fires(
                        "The review of SuppressionPolicy security/log-buckets has been due for 1h 10m 0s.",
                        POLICY_LABELS,
                    )
                ],
            ),
            ("181m", []),
        ],
    ),
    Case(
        "PostureSuppressionDrift",
        {f"posture_suppression_drift{{{POLICY}}}": "0x9 2x89 0x60"},
        [
            ("65m", []),
            (
                "75m",
                [
                    Fires(
                        "2 suppressions of SuppressionPolicy security/log-buckets were undone within a day.",
                        POLICY_LABELS,
                    )
                ],
            ),
            ("101m", []),
        ],
    ),
    Case(
        "PostureExceptionsWorthMuch",
        {
            f"posture_target_score_ratio{{{TARGET}}}": steps(0.75, "34h", 5),
            f"posture_target_unsuppressed_score_ratio{{{TARGET}}}": (
                f"{steps(0.5, '30h', 5)} {steps(0.7, '4h', 5)}"
            ),
        },
        [
            ("23h", []),
            ("25h", [Fires(f"Exceptions make up 25% of the score of {ORGANIZATION}.", TARGET_LABELS)]),
            ("31h", []),
        ],
        step=FIVE,
    ),
)
