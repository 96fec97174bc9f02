"""The dashboard for a product owner: one workload over its environments."""

from deploy.grafana.panel import (
    CHOSEN,
    SCORE_STEPS,
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
    once,
    score,
)

_CHOSEN = f'{CHOSEN},workload=~"$workload"'
_BY_ENVIRONMENT = "cluster, namespace, target, standard, workload, environment"
_OF_ENVIRONMENT = ("namespace", "target", "standard", "workload", "environment")
_NAME = "{{workload}} {{environment}}, {{standard}}"
_ACCOUNT = "cluster, namespace, target, account_id"
_ACCOUNTS = f"max by ({_ACCOUNT}, account_name, workload, environment) (posture_account_info{{{_CHOSEN}}})"
_FAILED = once("posture_findings", f'{CHOSEN},state="failed"')
_EMPTY = (
    "No workload is chosen that has a score. Workloads come from spec.grouping of the PostureTarget: an"
    " account whose"
    " name does not match is a workload of its own."
)

WORKLOAD = Dashboard(
    "posture-workload",
    "Posture / Workload",
    "For the owner of a product: the scores of one workload over its environments, and what fails in its"
    " accounts.",
    (
        Row(
            "Environments",
            (
                Panel(
                    "stat",
                    "Score by environment",
                    "By AWS's rules, of one workload in one environment, per standard.",
                    "percentunit",
                    _OF_ENVIRONMENT,
                    (Query(score("posture_workload_score_ratio", _BY_ENVIRONMENT, _CHOSEN), _NAME),),
                    _EMPTY,
                    width=24,
                    height=6,
                    steps=SCORE_STEPS,
                ),
                Panel(
                    "lines",
                    "Score over time",
                    "Gaps are times without an exact score.",
                    "percentunit",
                    _OF_ENVIRONMENT,
                    (Query(score("posture_workload_score_ratio", _BY_ENVIRONMENT, _CHOSEN), _NAME),),
                    _EMPTY,
                    width=24,
                ),
                Panel(
                    "table",
                    "What exceptions are worth",
                    "The score, what it would be without exceptions, and the share of expected controls"
                    " that do not"
                    " fail.",
                    "percentunit",
                    _OF_ENVIRONMENT,
                    (
                        Query(score("posture_workload_score_ratio", _BY_ENVIRONMENT, _CHOSEN), "Score"),
                        Query(
                            score("posture_workload_unsuppressed_score_ratio", _BY_ENVIRONMENT, _CHOSEN),
                            "Without exceptions",
                        ),
                        Query(
                            score("posture_workload_expected_controls_score_ratio", _BY_ENVIRONMENT, _CHOSEN),
                            "Expected controls",
                        ),
                    ),
                    _EMPTY,
                    width=24,
                    height=7,
                    steps=SCORE_STEPS,
                    sort=("Score", False),
                ),
            ),
        ),
        Row(
            "What fails",
            (
                Panel(
                    "lines",
                    "Failed findings by environment and severity",
                    "Active findings in the accounts of the workload that fail and are not suppressed.",
                    "short",
                    ("environment", "severity"),
                    (
                        Query(
                            "sum by (cluster, environment, severity)"
                            f" ({_FAILED}"
                            f" * on ({_ACCOUNT}) group_left (workload, environment) {_ACCOUNTS})",
                            "{{environment}} {{severity}}",
                        ),
                    ),
                    "Nothing fails in the accounts of the workload, or none is chosen.",
                    width=24,
                    stacked=True,
                ),
                Panel(
                    "table",
                    "Accounts",
                    "The score of each account of the workload, by standard.",
                    "percentunit",
                    (
                        "namespace",
                        "target",
                        "standard",
                        "account_id",
                        "account_name",
                        "workload",
                        "environment",
                    ),
                    (
                        Query(
                            f"max by ({_ACCOUNT}, standard) (posture_account_score_ratio{{{CHOSEN}}})"
                            f" * on ({_ACCOUNT}) group_left (account_name, workload, environment)"
                            f" {_ACCOUNTS}",
                            "Score",
                        ),
                    ),
                    _EMPTY,
                    width=24,
                    height=7,
                    steps=SCORE_STEPS,
                    sort=("Score", False),
                ),
            ),
        ),
    ),
    variables=(
        Variable(
            "workload",
            "Workload",
            f"label_values(posture_account_info{{{CHOSEN}}}, workload)",
            "As spec.grouping of the PostureTarget makes it from names of accounts.",
        ),
    ),
    since="now-14d",
)
