"""When alerts on the way from AWS fire, and when not."""

from tests.support.alert_cases.series import FIVE, HUB, HUB_LABELS, HUB_NAME, POD
from tests.support.rule_tests import Case, Fires, gone, steps

CASES = (
    Case(
        "PostureSyncStale",
        {
            # Polled at 0, at 10 min, and at 60 min.
            f"posture_sync_last_success_timestamp_seconds{{{HUB},{POD}}}": (
                f"{steps(0, '10m')} {steps(600, '50m')} {steps(3600, '20m')}"
            ),
            f"posture_sync_interval_seconds{{{HUB},{POD}}}": steps(300, "80m"),
            f"posture_sync_progress_ratio{{{HUB},{POD}}}": steps(1, "80m"),
        },
        [
            ("29m", []),
            (
                "31m",
                [Fires(f"Security Hub {HUB_NAME} was last polled 21m 0s ago.", HUB_LABELS)],
            ),
            ("61m", []),
        ],
    ),
    # Another replica has taken over: what it has not read again yet is not stale twice.
    Case(
        "PostureSyncStale",
        {
            f"posture_sync_last_success_timestamp_seconds{{{HUB},{POD}}}": steps(0, "90m"),
            f"posture_sync_interval_seconds{{{HUB},{POD}}}": steps(300, "90m"),
            f"posture_sync_progress_ratio{{{HUB},{POD}}}": "0+0.01x90",
        },
        [("80m", [])],
    ),
    Case(
        "PostureSyncFailing",
        {
            f'posture_sync_errors_total{{{HUB},{POD},reason="access_denied"}}': "0+0x9 1+1x50 51x60",
            f'posture_sync_errors_total{{{HUB},{POD},reason="throttled"}}': "0x120",
        },
        [
            ("35m", []),
            ("45m", [Fires(f"Attempts to read Security Hub {HUB_NAME} keep failing.", HUB_LABELS)]),
            ("85m", []),
        ],
    ),
    # A short outage: a few tries in a row, then all is well.
    Case(
        "PostureSyncFailing",
        {f'posture_sync_errors_total{{{HUB},{POD},reason="throttled"}}': "0x9 4x110"},
        [("20m", []), ("40m", []), ("60m", [])],
    ),
    Case(
        "PostureFirstSweepSlow",
        {f"posture_sync_progress_ratio{{{HUB},{POD}}}": "0+0.05x8 0.4x80 0.4+0.1x6 1x30"},
        [
            ("50m", []),
            ("85m", [Fires(f"The first sweep of Security Hub {HUB_NAME} stands at 40%.", HUB_LABELS)]),
            ("95m", []),
        ],
    ),
    Case(
        "PostureFirstSweepSlow",
        {f"posture_sync_progress_ratio{{{HUB},{POD}}}": "0+0.005x190"},
        [("60m", []), ("180m", [])],
    ),
    # The counter is there with the first correction only.
    Case(
        "PostureSyncCorrected",
        {
            f'posture_sync_corrections_total{{{HUB},{POD},reason="missed_finding"}}': (
                f"{gone('2h', 5)} {steps(1, '40h', 5)}"
            ),
        },
        [
            ("115m", []),
            (
                "3h",
                [
                    Fires(
                        f"A sweep of Security Hub {HUB_NAME} corrected what polls had missed"
                        " (missed_finding).",
                        {**HUB_LABELS, "reason": "missed_finding"},
                    )
                ],
            ),
            (
                "25h",
                [
                    Fires(
                        f"A sweep of Security Hub {HUB_NAME} corrected what polls had missed"
                        " (missed_finding).",
                        {**HUB_LABELS, "reason": "missed_finding"},
                    )
                ],
            ),
            ("27h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureThrottled",
        {
            'posture_aws_throttled_seconds_total{service="securityhub",operation="GetFindings",'
            f'code="TooManyRequestsException",{POD}}}': "0x9 0+18x60 1080x60",
            'posture_aws_throttled_seconds_total{service="securityhub",operation="ListMembers",'
            f'code="TooManyRequestsException",{POD}}}': "0+6x130",
        },
        [
            ("35m", []),
            (
                "55m",
                [
                    Fires(
                        "securityhub:GetFindings waits for AWS's quota 30% of the time.",
                        {"service": "securityhub", "operation": "GetFindings"},
                    )
                ],
            ),
            ("90m", []),
        ],
    ),
    Case(
        "PostureAccessDenied",
        {
            'posture_aws_requests_total{service="securityhub",operation="BatchUpdateFindings",'
            f'code="AccessDeniedException",{POD}}}': "0x9 1+1x30 31x60",
            'posture_aws_requests_total{service="securityhub",operation="GetFindings",'
            f'code="200",{POD}}}': "0+9x100",
            # Optional: what it would tell is left out.
            'posture_aws_requests_total{service="securityhub",operation="GetEnabledStandards",'
            f'code="AccessDeniedException",{POD}}}': "0+1x100",
            'posture_aws_requests_total{service="securityhub",operation="GetFindingHistory",'
            f'code="AccessDeniedException",{POD}}}': "0+1x100",
        },
        [
            ("20m", []),
            (
                "30m",
                [
                    Fires(
                        "AWS denies securityhub:BatchUpdateFindings.",
                        {"service": "securityhub", "operation": "BatchUpdateFindings"},
                    )
                ],
            ),
            ("75m", []),
        ],
    ),
)
