"""When alerts on remediation fire, and when not."""

from tests.support.alert_cases.series import CANDIDATES, ENDED, FIVE, RULE, RULE_LABELS, condition
from tests.support.rule_tests import Case, Fires, gone, steps

CASES = (
    Case(
        "PostureRemediationFailed",
        {
            f'{ENDED},outcome="failed"}}': f"{gone('30m')} {steps(1, '500m')}",
            f'{ENDED},outcome="succeeded"}}': "0+1x600",
        },
        [
            ("29m", []),
            (
                "31m",
                [
                    Fires(
                        "Remediations by RemediationRule security/close-ssh fail (sg).",
                        {**RULE_LABELS, "action": "sg"},
                    )
                ],
            ),
            ("400m", []),
        ],
    ),
    Case(
        "PostureRemediationFailed",
        {f'{ENDED},outcome="failed"}}': f"{steps(4, '400m')} {steps(6, '500m')}"},
        [
            ("395m", []),
            (
                "405m",
                [
                    Fires(
                        "Remediations by RemediationRule security/close-ssh fail (sg).",
                        {**RULE_LABELS, "action": "sg"},
                    )
                ],
            ),
            ("770m", []),
        ],
    ),
    Case(
        "PostureRemediationUndone",
        {f'{ENDED},outcome="undone"}}': f"{gone('30m')} {steps(1, '500m')}"},
        [
            ("29m", []),
            (
                "31m",
                [
                    Fires(
                        "Remediations by RemediationRule security/close-ssh were undone (sg).",
                        {**RULE_LABELS, "action": "sg"},
                    )
                ],
            ),
            ("400m", []),
        ],
    ),
    Case(
        "PostureRemediationCapReached",
        {
            condition("CapReached", "True", 'kind="RemediationRule",namespace="security",name="close-ssh"'): (
                f"{steps(1, '7h')} {steps(0, '2h')}"
            ),
        },
        [
            ("5h", []),
            (
                "6h",
                [
                    Fires(
                        "RemediationRule security/close-ssh has been at a limit for hours.",
                        {"namespace": "security", "name": "close-ssh"},
                    )
                ],
            ),
            ("421m", []),
        ],
    ),
    Case(
        "PostureRemediationAwaitsApproval",
        {
            f'posture_remediations{{{RULE},action="sg",state="awaiting_approval"}}': (
                f"{steps(2, '30h', 5)} {gone('4h', 5)}"
            ),
            f'posture_remediations{{{RULE},action="sg",state="succeeded"}}': steps(9, "34h", 5),
        },
        [
            ("23h", []),
            (
                "25h",
                [
                    Fires(
                        "2 remediations of RemediationRule security/close-ssh wait for approval.", RULE_LABELS
                    )
                ],
            ),
            ("31h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureRemediationBlocked",
        {
            f'{CANDIDATES},decision="skip",reason="opt_out_unreadable"}}': (f"{steps(2, '7h')} {gone('2h')}"),
            # As declared.
            f'{CANDIDATES},decision="skip",reason="opted_out"}}': (steps(4, "9h")),
            f'{CANDIDATES},decision="skip",reason="not_granted"}}': (steps(4, "9h")),
        },
        [
            ("5h", []),
            (
                "6h",
                [
                    Fires(
                        "2 resources of RemediationRule security/close-ssh are left alone because something"
                        " cannot be read.",
                        RULE_LABELS,
                    )
                ],
            ),
            ("426m", []),
        ],
    ),
)
