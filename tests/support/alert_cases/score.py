"""When alerts on scores and findings fire, and when not."""

from tests.support.alert_cases.series import (
    BUILD,
    FINDINGS,
    FIVE,
    OBJECT,
    OBJECT_LABELS,
    ORGANIZATION,
    OTHER_POD,
    POD,
    TARGET,
    TARGET_LABELS,
    condition,
)
from tests.support.rule_tests import Case, Fires, gone, steps

_SETUP = f"posture_setup_check{{{TARGET},check="

CASES = (
    Case(
        "PostureSetupIncomplete",
        {
            f'{_SETUP}"aggregation"}}': f"{steps(1, '1h')} {steps(0, '30h')} {steps(1, '2h')}",
            f'{_SETUP}"hub"}}': steps(1, "34h"),
            # By choice.
            f'{_SETUP}"central_configuration"}}': steps(0, "34h"),
            f'{_SETUP}"security_hub_v2"}}': steps(0, "34h"),
        },
        [
            ("24h", []),
            (
                "26h",
                [
                    Fires(
                        f"aggregation is not as it should be in the organization of {ORGANIZATION}.",
                        {**TARGET_LABELS, "check": "aggregation"},
                    )
                ],
            ),
            ("32h", []),
        ],
    ),
    # What is not known any more is no alert.
    Case(
        "PostureSetupIncomplete",
        {f'{_SETUP}"config_recorder"}}': f"{steps(0, '20h')} {gone('14h')}"},
        [("26h", [])],
    ),
    Case(
        "PostureWorkloadsUnknown",
        {condition("Grouped", "False"): "0x9 1x79 0x60"},
        [
            ("69m", []),
            (
                "71m",
                [Fires(f"Tags of accounts of PostureTarget {ORGANIZATION} cannot be read.", OBJECT_LABELS)],
            ),
            ("91m", []),
        ],
    ),
    Case(
        "PostureScoreNotCurrent",
        {
            condition("ScoreCurrent", "True"): "1x9 0x49 1x60",
            condition("Ready", "Unknown"): "0x120",
        },
        [
            ("39m", []),
            ("41m", [Fires(f"The score of PostureTarget {ORGANIZATION} is not current.", OBJECT_LABELS)]),
            ("61m", []),
        ],
    ),
    # Suspended, by wish.
    Case(
        "PostureScoreNotCurrent",
        {condition("ScoreCurrent", "True"): "0x120", condition("Ready", "Unknown"): "1x120"},
        [("100m", [])],
    ),
    Case(
        "PostureTargetGone",
        {
            condition("Ready", "True"): f"{steps(0, '90m')} {gone('150m')}",
            condition("Ready", "True", OBJECT.replace("organization", "payments")): steps(1, "240m"),
            BUILD: steps(1, "240m"),
        },
        [
            ("95m", []),
            ("110m", [Fires(f"PostureTarget {ORGANIZATION} has no metrics any more.", OBJECT_LABELS)]),
            ("160m", []),
        ],
    ),
    # Nothing is scraped at all: that is another alert.
    Case(
        "PostureTargetGone",
        {
            condition("Ready", "True"): f"{steps(1, '90m')} {gone('60m')}",
            BUILD: f"{steps(1, '90m')} {gone('60m')}",
        },
        [("110m", [])],
    ),
    # Another replica takes over: its series are the same object's.
    Case(
        "PostureTargetGone",
        {
            condition(
                "Ready", "True", f"{OBJECT},{POD.partition(',')[2]}"
            ): f"{steps(1, '90m')} {gone('60m')}",
            condition(
                "Ready", "True", f"{OBJECT},{OTHER_POD.partition(',')[2]}"
            ): f"{gone('90m')} {steps(1, '60m')}",
            BUILD: steps(1, "150m"),
        },
        [("110m", [])],
    ),
    Case(
        "PostureObjectStalled",
        {
            condition(
                "Stalled", "True", 'kind="SuppressionPolicy",namespace="security",name="a"'
            ): "0x9 1x29 0x20",
            condition("Stalled", "False"): "1x60",
        },
        [
            ("19m", []),
            (
                "21m",
                [
                    Fires(
                        "SuppressionPolicy security/a waits for somebody to do something.",
                        {"kind": "SuppressionPolicy", "namespace": "security", "name": "a"},
                    )
                ],
            ),
            ("41m", []),
        ],
    ),
    Case(
        "PostureObjectSuspended",
        {condition("Ready", "Unknown"): f"{steps(1, '8d', 5)} {steps(0, '1d', 5)}"},
        [
            ("6d", []),
            ("170h", [Fires(f"PostureTarget {ORGANIZATION} has been suspended for a week.", OBJECT_LABELS)]),
            ("194h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureScoreBelowObjective",
        {
            f"posture_target_score_ratio{{{TARGET},{POD.partition(',')[2]}}}": "0.9x9 0.59x89 0.9x60",
            f"posture_objective_minimum_score_ratio{{{TARGET},{POD.partition(',')[2]}}}": "0.9x160",
            'posture_target_score_ratio{namespace="security",target="without"}': "0.1x160",
        },
        [
            ("65m", []),
            (
                "75m",
                [Fires(f"The score of {ORGANIZATION} is 59%, below its objective.", TARGET_LABELS)],
            ),
            ("101m", []),
        ],
    ),
    Case(
        "PostureScoreDropped",
        {
            f"posture_target_score_ratio{{{TARGET}}}": f"{steps(0.9, '2d', 5)} {steps(0.8, '17d', 5)}",
            f"posture_objective_max_drop_ratio{{{TARGET}}}": steps(0.05, "19d", 5),
            'posture_target_score_ratio{namespace="security",target="steady"}': (
                f"{steps(0.9, '2d', 5)} {steps(0.86, '17d', 5)}"
            ),
            'posture_objective_max_drop_ratio{namespace="security",target="steady"}': steps(0.05, "19d", 5),
        },
        [
            ("48h", []),
            ("50h", [Fires(f"The score of {ORGANIZATION} has dropped by 10%.", TARGET_LABELS)]),
            ("17d", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureNewCriticalFindings",
        {
            f'{FINDINGS},account_id="1",severity="critical",state="failed"}}': (
                f"{steps(3, '30h', 5)} {steps(5, '40h', 5)}"
            ),
            f'{FINDINGS},account_id="1",severity="high",state="failed"}}': ("0+1x900"),
            # Of a target that is new.
            'posture_findings{namespace="security",target="new",product="Security Hub",account_id="1",'
            'severity="critical",state="failed"}': f"{gone('40h', 5)} {steps(9, '10h', 5)}",
        },
        [
            ("29h", []),
            (
                "32h",
                [Fires(f"2 critical findings more than a day ago fail in {ORGANIZATION}.", TARGET_LABELS)],
            ),
            ("56h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureCriticalFindings",
        {
            f'{FINDINGS},account_id="1",severity="critical",state="failed"}}': (
                f"{steps(3, '30h', 5)} {steps(0, '4h', 5)}"
            ),
            f'{FINDINGS},account_id="1",severity="critical",state="suppressed"}}': (steps(7, "34h", 5)),
        },
        [
            ("23h", []),
            ("25h", [Fires(f"3 critical findings fail in {ORGANIZATION}.", TARGET_LABELS)]),
            ("31h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureFindingsOverdue",
        {
            f'posture_findings_overdue{{{TARGET},product="Security Hub",account_id="1",severity="high"}}': (
                f"{steps(2, '3h', 5)} {gone('1h', 5)}"
            ),
            f'posture_findings_overdue{{{TARGET},product="GuardDuty",account_id="2",severity="low"}}': (
                steps(1, "4h", 5)
            ),
            'posture_findings_overdue{namespace="security",target="late",product="GuardDuty",account_id="2",'
            'severity="low"}': f"{steps(1, '30m', 5)} {gone('210m', 5)}",
        },
        [
            ("50m", []),
            ("2h", [Fires(f"3 findings of {ORGANIZATION} are overdue.", TARGET_LABELS)]),
            ("210m", [Fires(f"1 findings of {ORGANIZATION} are overdue.", TARGET_LABELS)]),
            ("5h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureHighFindings",
        {
            f'{FINDINGS},account_id="1",severity="high",state="failed"}}': (
                f"{steps(2, '8d', 5)} {steps(0, '1d', 5)}"
            ),
            f'{FINDINGS},account_id="2",severity="high",state="failed"}}': (
                f"{steps(1, '8d', 5)} {steps(0, '1d', 5)}"
            ),
        },
        [
            ("6d", []),
            ("170h", [Fires(f"3 high findings fail in {ORGANIZATION}.", TARGET_LABELS)]),
            ("194h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureAccountSilent",
        {
            f'posture_accounts{{{TARGET},state="silent"}}': f"{steps(2, '30h', 5)} {steps(0, '4h', 5)}",
            f'posture_accounts{{{TARGET},state="excluded"}}': steps(5, "34h", 5),
        },
        [
            ("23h", []),
            ("25h", [Fires(f"2 accounts of {ORGANIZATION} report nothing.", TARGET_LABELS)]),
            ("31h", []),
        ],
        step=FIVE,
    ),
)
