"""The dashboard of exceptions: what there is, what it is worth, and when it ends."""

from deploy.grafana.panel import (
    BY_TARGET,
    CHOSEN,
    IN_NAMESPACE,
    NONE_IS_BEST,
    OF_TARGET,
    TARGET_NAME,
    Dashboard,
    Panel,
    Query,
    Row,
    score,
)

_POLICY = "cluster, namespace, policy, target"
_OF_POLICY = ("namespace", "policy", "target")
_NONE = "No SuppressionPolicy of the targets that are chosen: nothing is excepted by policy."
_ENDS = f"max by ({_POLICY}) (posture_suppression_expiry_timestamp_seconds{{{CHOSEN}}})"
_REVIEW = f"max by ({_POLICY}) (posture_suppression_review_due_timestamp_seconds{{{CHOSEN}}})"
_SUPPRESSED = f"max by ({_POLICY}) (posture_suppressed_findings{{{CHOSEN}}})"
_DRIFT = f"max by ({_POLICY}) (posture_suppression_drift{{{CHOSEN}}})"

EXCEPTIONS = Dashboard(
    "posture-exceptions",
    "Posture / Exceptions",
    "What policies except, what that is worth, and what ends, is to be reviewed or is undone. Why, and who"
    " approved it:"
    " `posture exceptions`.",
    (
        Row(
            "Now",
            (
                Panel(
                    "stat",
                    "Worth",
                    "The score less what it would be without exceptions.",
                    "percentunit",
                    OF_TARGET,
                    (
                        Query(
                            f"{score('posture_target_score_ratio')}"
                            f" - {score('posture_target_unsuppressed_score_ratio')}",
                            TARGET_NAME,
                        ),
                    ),
                    "No score that is current.",
                    width=6,
                    height=5,
                    steps=((None, "green"), (0.1, "orange")),
                ),
                Panel(
                    "stat",
                    "Suppressed findings",
                    "Active findings that policies suppressed.",
                    "short",
                    OF_TARGET,
                    (Query(f"sum by ({BY_TARGET}) ({_SUPPRESSED})", TARGET_NAME),),
                    _NONE,
                    width=6,
                    height=5,
                ),
                Panel(
                    "stat",
                    "Ends within 30 days",
                    "Policies whose end is near.",
                    "short",
                    OF_TARGET,
                    (
                        Query(
                            f"count by ({BY_TARGET}) ({_ENDS} - time() < 30 * 86400 and {_ENDS} > time())",
                            TARGET_NAME,
                        ),
                    ),
                    "None ends within 30 days.",
                    width=4,
                    height=5,
                    steps=NONE_IS_BEST,
                ),
                Panel(
                    "stat",
                    "Review is due",
                    "Policies that somebody should have looked at again.",
                    "short",
                    OF_TARGET,
                    (Query(f"count by ({BY_TARGET}) ({_REVIEW} < time())", TARGET_NAME),),
                    "No review is due.",
                    width=4,
                    height=5,
                    steps=NONE_IS_BEST,
                ),
                Panel(
                    "stat",
                    "Undone by others",
                    "Suppressions that somebody undid within the last day, and that were made again.",
                    "short",
                    OF_TARGET,
                    (Query(f"sum by ({BY_TARGET}) ({_DRIFT})", TARGET_NAME),),
                    _NONE,
                    width=4,
                    height=5,
                    steps=NONE_IS_BEST,
                ),
            ),
        ),
        Row(
            "Policies",
            (
                Panel(
                    "table",
                    "Policies",
                    "What each suppresses, how long until it ends and until its review; below 0: since when.",
                    "short",
                    _OF_POLICY,
                    (
                        Query(_SUPPRESSED, "Suppressed"),
                        Query(_DRIFT, "Undone"),
                        Query(f"{_ENDS} - time()", "Ends in"),
                        Query(f"{_REVIEW} - time()", "Review in"),
                    ),
                    _NONE,
                    width=24,
                    height=6,
                    units={"Ends in": "s", "Review in": "s"},
                    sort=("Ends in", False),
                ),
                Panel(
                    "table",
                    "Not in effect",
                    "Policies whose condition Ready is not True; the condition says why.",
                    "none",
                    ("namespace", "name", "status"),
                    (
                        Query(
                            "max by (cluster, namespace, name, status) (posture_condition{"
                            f'{IN_NAMESPACE},kind="SuppressionPolicy",type="Ready",status!="True"}} == 1)',
                            "Is so",
                        ),
                    ),
                    "Every policy is in effect, or there is none.",
                    height=6,
                    words={1: "yes"},
                ),
                Panel(
                    "bars",
                    "Largest policies",
                    "Those that suppress most findings.",
                    "short",
                    _OF_POLICY,
                    (Query(f"topk by (cluster) (10, {_SUPPRESSED})", "{{namespace}}/{{policy}}"),),
                    _NONE,
                    height=6,
                ),
            ),
        ),
        Row(
            "Over time",
            (
                Panel(
                    "lines",
                    "Score with and without exceptions",
                    "The distance is what exceptions are worth.",
                    "percentunit",
                    OF_TARGET,
                    (
                        Query(score("posture_target_score_ratio"), TARGET_NAME),
                        Query(
                            score("posture_target_unsuppressed_score_ratio"),
                            f"{TARGET_NAME}, without exceptions",
                        ),
                    ),
                    "No score was exact in this time.",
                ),
                Panel(
                    "lines",
                    "Suppressed findings by policy",
                    "Active findings that each policy suppressed.",
                    "short",
                    _OF_POLICY,
                    (Query(_SUPPRESSED, "{{namespace}}/{{policy}}"),),
                    _NONE,
                    stacked=True,
                ),
            ),
        ),
    ),
    since="now-14d",
)
