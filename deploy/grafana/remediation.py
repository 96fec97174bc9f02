"""The dashboard of remediation: what is planned and why not, what was done, and what went wrong."""

from deploy.grafana.panel import (
    ANY,
    CHOSEN,
    IN_NAMESPACE,
    NONE_IS_BEST,
    NONE_IS_GOOD,
    Dashboard,
    Panel,
    Query,
    Row,
    once,
)

_NONE = "No RemediationRule of the targets that are chosen, or no plan is known yet."
_NOTHING = "The journal is empty: no remediation was made, or none of this kind."
_CANDIDATES = once("posture_remediation_candidates")
_JOURNAL = once("posture_remediations", IN_NAMESPACE)
_RULE = "cluster, namespace, rule"
_OF_RULE = ("namespace", "rule")
_RULE_NAME = "{{namespace}}/{{rule}}"


def _decided(decision: str) -> str:
    found = once("posture_remediation_candidates", f'{CHOSEN},decision="{decision}"')
    return f"sum by ({_RULE}) ({found})"


def _in_state(state: str) -> str:
    found = once("posture_remediations", f'{IN_NAMESPACE},state="{state}"')
    return f"sum by ({_RULE}) ({found})"


def _rules_that(type_: str) -> str:
    return (
        "max by (cluster, namespace, name) (posture_condition{"
        f'{IN_NAMESPACE},kind="RemediationRule",type="{type_}",status="True"}})'
    )


REMEDIATION = Dashboard(
    "posture-remediation",
    "Posture / Remediation",
    "What rules would do and why they leave things alone, what they have done, what failed and what was"
    " undone. Each"
    " write: `posture remediations`.",
    (
        Row(
            "Now",
            (
                Panel(
                    "stat",
                    "To be remediated",
                    "Resources that would be remediated in the next cycle.",
                    "short",
                    _OF_RULE,
                    (Query(_decided("remediate"), _RULE_NAME),),
                    _NONE,
                    width=6,
                    height=5,
                ),
                Panel(
                    "stat",
                    "Failed",
                    "Remediations in the journal that failed.",
                    "short",
                    _OF_RULE,
                    (Query(_in_state("failed"), _RULE_NAME),),
                    "None in the journal failed.",
                    width=6,
                    height=5,
                    steps=NONE_IS_GOOD,
                ),
                Panel(
                    "stat",
                    "Waits for approval",
                    "Remediations for which nothing is written until a person approves the plan.",
                    "short",
                    _OF_RULE,
                    (Query(_in_state("awaiting_approval"), _RULE_NAME),),
                    "None waits for approval.",
                    width=6,
                    height=5,
                    steps=NONE_IS_BEST,
                ),
                Panel(
                    "stat",
                    "Writes",
                    "Whether the configuration says writes: Frozen.",
                    "none",
                    (),
                    (Query(f"max by (cluster) (posture_writes_frozen{{{ANY}}})", "{{cluster}}"),),
                    "No replica is scraped: see Operations.",
                    width=6,
                    height=5,
                    steps=NONE_IS_BEST,
                    words={0: "enabled", 1: "frozen"},
                ),
            ),
        ),
        Row(
            "Plan",
            (
                Panel(
                    "table",
                    "Plan by reason",
                    "Resources that fail and are in scope of a rule, by what is decided of them and why.",
                    "short",
                    ("namespace", "rule", "target", "decision", "reason"),
                    (
                        Query(
                            _CANDIDATES,
                            "Resources",
                        ),
                    ),
                    _NONE,
                    width=24,
                    sort=("Resources", True),
                ),
                Panel(
                    "lines",
                    "Plan over time",
                    "Resources by decision, of all rules that are chosen.",
                    "short",
                    ("decision",),
                    (Query(f"sum by (cluster, decision) ({_CANDIDATES})", "{{decision}}"),),
                    _NONE,
                    stacked=True,
                ),
                Panel(
                    "table",
                    "Rules",
                    "Whether each rule works, and whether one of its limits holds resources back.",
                    "none",
                    ("namespace", "name"),
                    (Query(_rules_that("Ready"), "Ready"), Query(_rules_that("CapReached"), "At a limit")),
                    "No RemediationRule is declared, or no replica works on it.",
                    words={0: "no", 1: "yes"},
                ),
            ),
        ),
        Row(
            "Journal",
            (
                Panel(
                    "lines",
                    "Journal by state",
                    "Entries of all rules; those that have ended go when spec.history says so.",
                    "short",
                    ("state",),
                    (Query(f"sum by (cluster, state) ({_JOURNAL})", "{{state}}"),),
                    _NOTHING,
                    stacked=True,
                ),
                Panel(
                    "lines",
                    "Ended per hour",
                    "How remediations ended. The first of its kind after a restart has no increase.",
                    "short",
                    ("outcome",),
                    (
                        Query(
                            "sum by (cluster, outcome)"
                            f" (increase(posture_remediations_total{{{IN_NAMESPACE}}}[1h]))",
                            "{{outcome}}",
                        ),
                    ),
                    _NOTHING,
                ),
                Panel(
                    "table",
                    "Journal by rule",
                    "How many entries of each rule and action are in which state.",
                    "short",
                    ("namespace", "rule", "action", "state"),
                    (
                        Query(
                            _JOURNAL,
                            "Entries",
                        ),
                    ),
                    _NOTHING,
                    width=24,
                    sort=("Entries", True),
                ),
            ),
        ),
    ),
    since="now-7d",
)
