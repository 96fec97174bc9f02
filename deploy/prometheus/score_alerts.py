"""Alerts on scores and findings: whether the score is current, and what it says."""

from deploy.prometheus.alert import Alert, Group

_TARGET = "cluster, namespace, target"
_OBJECT = "cluster, kind, namespace, name"
_TARGET_NAMED = "{{ $labels.namespace }}/{{ $labels.target }}"
_OBJECT_NAMED = "{{ $labels.namespace }}/{{ $labels.name }}"

# Parts of a set-up that AWS recommends, and that hide nothing.
_BY_CHOICE = "central_configuration|consolidated_findings|security_hub_v2"


def _failed(severity: str, at: str = "") -> str:
    return f'sum by ({_TARGET}) (posture_findings{{severity="{severity}",state="failed"}}{at})'


SCORE = Group(
    "posture-score",
    (
        Alert(
            "PostureScoreNotCurrent",
            "warning",
            "30m",
            f"max by ({_OBJECT})"
            f' (posture_condition{{kind="PostureTarget",type="ScoreCurrent",status="True"}}) == 0'
            f" unless max by ({_OBJECT})"
            f' (posture_condition{{kind="PostureTarget",type="Ready",status="Unknown"}}) == 1',
            f"The score of PostureTarget {_OBJECT_NAMED} is not current.",
            "It is absent, or of an earlier time: do not judge by it. The condition ScoreCurrent says why."
            " Targets"
            " that are suspended do not count.",
        ),
        Alert(
            "PostureTargetGone",
            "warning",
            "10m",
            f'max by ({_OBJECT}) (posture_condition{{kind="PostureTarget",type="Ready",status="True"}}'
            f" offset 1h)"
            f" unless max by ({_OBJECT})"
            f' (posture_condition{{kind="PostureTarget",type="Ready",status="True"}})'
            " and on (cluster) count by (cluster) (posture_build_info)",
            f"PostureTarget {_OBJECT_NAMED} has no metrics any more.",
            "It had an hour ago. Either it was deleted, or no replica works on its Security Hub; alerts on"
            " its score"
            " are silent.",
        ),
        Alert(
            "PostureObjectStalled",
            "warning",
            "10m",
            f'max by ({_OBJECT}) (posture_condition{{type="Stalled",status="True"}}) == 1',
            f"{{{{ $labels.kind }}}} {_OBJECT_NAMED} waits for somebody to do something.",
            "The operator cannot go on with it by itself. The message of its condition Stalled says what"
            " to do.",
        ),
        Alert(
            "PostureObjectSuspended",
            "info",
            "7d",
            f'max by ({_OBJECT}) (posture_condition{{type="Ready",status="Unknown"}}) == 1',
            f"{{{{ $labels.kind }}}} {_OBJECT_NAMED} has been suspended for a week.",
            "spec.suspend of it, or of its target, is true: nothing is read or written for it. Somebody"
            " may have"
            " forgotten it.",
        ),
        Alert(
            "PostureScoreBelowObjective",
            "warning",
            "1h",
            f"max by ({_TARGET}) (posture_target_score_ratio)"
            f" < max by ({_TARGET}) (posture_objective_minimum_score_ratio)",
            f"The score of {_TARGET_NAMED} is {{{{ $value | humanizePercentage }}}}, below its objective.",
            "The score by AWS's rules is below spec.objectives.minimumScore.",
        ),
        Alert(
            "PostureScoreDropped",
            "warning",
            "1h",
            f"max by ({_TARGET}) (max_over_time(posture_target_score_ratio[WINDOW]))"
            f" - max by ({_TARGET}) (posture_target_score_ratio)"
            f" > max by ({_TARGET}) (posture_objective_max_drop_ratio)",
            f"The score of {_TARGET_NAMED} has dropped by {{{{ $value | humanizePercentage }}}}.",
            "It is further below the best of the window than spec.objectives.trend.maxDrop allows. The"
            " window is"
            " the alert's own: no metric tells trend.window.",
            window="2w",
        ),
        Alert(
            "PostureNewCriticalFindings",
            "critical",
            "1h",
            f"{_failed('critical')} - {_failed('critical', ' offset 1d')} > THRESHOLD",
            f"{{{{ $value }}}} critical findings more than a day ago fail in {_TARGET_NAMED}.",
            "More findings of severity CRITICAL fail than at the same time yesterday.",
            threshold=0,
            threshold_means="findings",
            labels={"finding_severity": "critical"},
        ),
        Alert(
            "PostureCriticalFindings",
            "warning",
            "24h",
            f"{_failed('critical')} > THRESHOLD",
            f"{{{{ $value }}}} critical findings fail in {_TARGET_NAMED}.",
            "Findings of severity CRITICAL have failed for a day.",
            threshold=0,
            threshold_means="findings",
            labels={"finding_severity": "critical"},
        ),
        Alert(
            "PostureHighFindings",
            "warning",
            "7d",
            f"{_failed('high')} > THRESHOLD",
            f"{{{{ $value }}}} high findings fail in {_TARGET_NAMED}.",
            "Findings of severity HIGH have failed for a week.",
            threshold=0,
            threshold_means="findings",
            labels={"finding_severity": "high"},
        ),
        Alert(
            "PostureFindingsOverdue",
            "warning",
            "1h",
            f"sum by ({_TARGET}) (posture_findings_overdue) > THRESHOLD",
            f"{{{{ $value }}}} findings of {_TARGET_NAMED} are overdue.",
            "They have failed for longer than spec.objectives.resolveWithin allows for their severity."
            " status.overdueFindings names those that have for the longest.",
            threshold=0,
            threshold_means="findings",
        ),
        Alert(
            "PostureWorkloadsUnknown",
            "warning",
            "1h",
            f"max by ({_OBJECT})"
            f' (posture_condition{{kind="PostureTarget",type="Grouped",status="False"}}) == 1',
            f"Tags of accounts of PostureTarget {_OBJECT_NAMED} cannot be read.",
            "Workloads and owners are told by tags in AWS Organizations. What was read is believed for a day;"
            " after that no workload has a score. The condition Grouped says why.",
        ),
        Alert(
            "PostureSetupIncomplete",
            "warning",
            "24h",
            f'max by ({_TARGET}, check) (posture_setup_check{{check!~"{_BY_CHOICE}"}}) == 0',
            f"{{{{ $labels.check }}}} is not as it should be in the organization of {_TARGET_NAMED}.",
            "Something is not seen, or will not be in accounts that join. status.organization of the"
            " PostureTarget says what, and what to do.",
        ),
        Alert(
            "PostureAccountSilent",
            "warning",
            "24h",
            f'max by ({_TARGET}) (posture_accounts{{state="silent"}}) > THRESHOLD',
            f"{{{{ $value }}}} accounts of {_TARGET_NAMED} report nothing.",
            "They have no finding inside the evaluation window, so they have no score and weigh nothing in"
            " that of"
            " the target.",
            threshold=0,
            threshold_means="accounts",
        ),
    ),
)
