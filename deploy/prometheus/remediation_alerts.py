"""Alerts on remediation: what failed, what was undone, what waits and what cannot be decided."""

from deploy.prometheus.alert import Alert, Group

_RULE = "cluster, namespace, rule"
_NAMED = "RemediationRule {{ $labels.namespace }}/{{ $labels.rule }}"


def _ended(outcome: str) -> str:
    """Count what ended so within the window; a counter begins with its first one, which no increase tells."""
    counter = f'posture_remediations_total{{outcome="{outcome}"}}'
    return (
        f"sum by ({_RULE}, action) (increase({counter}[WINDOW]) > 0"
        f" or ({counter} unless {counter} offset WINDOW)) > 0"
    )


REMEDIATION = Group(
    "posture-remediation",
    (
        Alert(
            "PostureRemediationFailed",
            "warning",
            "0m",
            _ended("failed"),
            f"Remediations by {_NAMED} fail ({{{{ $labels.action }}}}).",
            "A write was refused, or the resource was not as it should be afterwards. The Remediation says"
            " which,"
            " and what was written.",
            window="6h",
        ),
        Alert(
            "PostureRemediationUndone",
            "info",
            "0m",
            _ended("undone"),
            f"Remediations by {_NAMED} were undone ({{{{ $labels.action }}}}).",
            "Somebody took back what the rule did. Perhaps it matches resources that it should leave alone.",
            window="6h",
        ),
        Alert(
            "PostureRemediationCapReached",
            "warning",
            "6h",
            "max by (cluster, namespace, name)"
            ' (posture_condition{kind="RemediationRule",type="CapReached",status="True"}) == 1',
            "RemediationRule {{ $labels.namespace }}/{{ $labels.name }} has been at a limit for hours.",
            "More resources are to be remediated than spec.limits allows. Many that fail at once may mean"
            " that the"
            " rule matches too much.",
        ),
        Alert(
            "PostureRemediationAwaitsApproval",
            "info",
            "24h",
            f'sum by ({_RULE}) (posture_remediations{{state="awaiting_approval"}}) > 0',
            f"{{{{ $value }}}} remediations of {_NAMED} wait for approval.",
            "Nothing is written until a person approves the plan.",
        ),
        Alert(
            "PostureRemediationBlocked",
            "warning",
            "6h",
            f"sum by ({_RULE}) (posture_remediation_candidates"
            '{decision="skip",reason=~"opt_out_unreadable|policy_unreadable|unreadable"}) > THRESHOLD',
            f"{{{{ $value }}}} resources of {_NAMED} are left alone because something cannot be read.",
            "What may protect a resource (its tags, a SuppressionPolicy) or the resource itself cannot be"
            " read, so"
            " nothing is written.",
            threshold=0,
            threshold_means="resources",
        ),
    ),
)
