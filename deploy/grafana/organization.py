"""The dashboard of a whole organization: what the scores are, where they went, and where to begin."""

from deploy.grafana.panel import (
    BY_TARGET,
    CHOSEN,
    IN_NAMESPACE,
    NONE_IS_GOOD,
    OF_TARGET,
    SCORE_STEPS,
    TARGET_NAME,
    Dashboard,
    Panel,
    Query,
    Row,
    once,
    score,
)

_NO_SCORE = (
    "No score: either no PostureTarget is chosen or declared, or its score is not current. A score that"
    " does not"
    " exist is absent, never 0. See Operations, or `kubectl get posturetargets --all-namespaces`."
)
_NO_OBJECTIVE = "No target that is chosen has spec.objectives.minimumScore, or there is no score."
_NO_COST = (
    "No estimate: `status.estimatedCost.message` of the target says why. Where Security Hub V2 is on, its"
    " plan replaces the price of checks."
)
_BY_STANDARD = f"{BY_TARGET}, standard"
_ACCOUNT = "cluster, namespace, target, account_id"
_NAMED_ACCOUNTS = (
    f"* on ({_ACCOUNT}) group_left (account_name, workload, environment)"
    f" max by ({_ACCOUNT}, account_name, workload, environment) (posture_account_info{{{CHOSEN}}})"
)
_FAILED = once("posture_findings", f'{CHOSEN},state="failed"')
_CRITICAL = once("posture_findings", f'{CHOSEN},state="failed",severity="critical"')

NOW = Row(
    "Now",
    (
        Panel(
            "stat",
            "Score",
            "By AWS's rules, over the unique controls of all standards of the target.",
            "percentunit",
            OF_TARGET,
            (Query(score("posture_target_score_ratio"), TARGET_NAME),),
            _NO_SCORE,
            width=6,
            height=5,
            steps=SCORE_STEPS,
        ),
        Panel(
            "stat",
            "Above the objective",
            "The score less spec.objectives.minimumScore: below 0 the objective is missed.",
            "percentunit",
            OF_TARGET,
            (
                Query(
                    f"{score('posture_target_score_ratio')} -"
                    f" {score('posture_objective_minimum_score_ratio')}",
                    TARGET_NAME,
                ),
            ),
            _NO_OBJECTIVE,
            width=6,
            height=5,
            steps=((None, "red"), (0, "green")),
        ),
        Panel(
            "stat",
            "Is it current",
            "The condition ScoreCurrent. Where it says no, the score is absent or of an earlier time.",
            "none",
            ("namespace", "name"),
            (
                Query(
                    "max by (cluster, namespace, name) (posture_condition{"
                    f'{IN_NAMESPACE},kind="PostureTarget",name=~"$target",type="ScoreCurrent",status="True"}})',
                    "{{namespace}}/{{name}}",
                ),
            ),
            "No PostureTarget is declared, or no replica works on it: see Operations.",
            width=6,
            height=5,
            steps=((None, "red"), (1, "green")),
            words={0: "no", 1: "yes"},
        ),
        Panel(
            "stat",
            "Critical findings that fail",
            "Active findings of severity CRITICAL that fail and are not suppressed.",
            "short",
            OF_TARGET,
            (
                Query(
                    f"sum by ({BY_TARGET}) ({_CRITICAL})",
                    TARGET_NAME,
                ),
            ),
            "None, or there is no score: look at the panel beside it.",
            width=6,
            height=5,
            steps=NONE_IS_GOOD,
        ),
    ),
)
TREND = Row(
    "Trend",
    (
        Panel(
            "lines",
            "Score and objective",
            "Gaps are times without an exact score. Prometheus keeps two weeks unless it is told otherwise.",
            "percentunit",
            OF_TARGET,
            (
                Query(score("posture_target_score_ratio"), TARGET_NAME),
                Query(score("posture_objective_minimum_score_ratio"), f"{TARGET_NAME}, objective"),
            ),
            _NO_SCORE,
        ),
        Panel(
            "lines",
            "Failed findings by severity",
            "Active findings that fail and are not suppressed, of all targets that are chosen.",
            "short",
            ("severity",),
            (Query(f"sum by (cluster, severity) ({_FAILED})", "{{severity}}"),),
            "Nothing fails, or no score has been exact in this time.",
            stacked=True,
        ),
    ),
)
WHERE = Row(
    "Where",
    (
        Panel(
            "table",
            "Standards",
            "The score by AWS's rules, what it would be without exceptions, and the share of expected"
            " controls that"
            " do not fail.",
            "percentunit",
            (*OF_TARGET, "standard"),
            (
                Query(score("posture_standard_score_ratio", _BY_STANDARD), "Score"),
                Query(score("posture_standard_unsuppressed_score_ratio", _BY_STANDARD), "Without exceptions"),
                Query(
                    score("posture_standard_expected_controls_score_ratio", _BY_STANDARD), "Expected controls"
                ),
                Query(
                    f'max by ({_BY_STANDARD}) (posture_controls{{{CHOSEN},status="failed"}})',
                    "Failed controls",
                ),
            ),
            _NO_SCORE,
            steps=SCORE_STEPS,
            width=24,
            height=7,
            units={"Failed controls": "short"},
            sort=("Score", False),
        ),
        Panel(
            "table",
            "Worst accounts",
            "The twenty lowest scores of an account by one standard.",
            "percentunit",
            (*OF_TARGET, "standard", "account_id", "account_name", "workload", "environment"),
            (
                Query(
                    f"bottomk by (cluster) (20, max by ({_ACCOUNT}, standard)"
                    f" (posture_account_score_ratio{{{CHOSEN}}})) {_NAMED_ACCOUNTS}",
                    "Score",
                ),
            ),
            _NO_SCORE,
            width=24,
            height=9,
            steps=SCORE_STEPS,
            sort=("Score", False),
            link=(
                "Workload",
                "Open the workload",
                "/d/posture-workload?var-workload=${__data.fields.Workload}&${__url_time_range}",
            ),
        ),
        Panel(
            "table",
            "Controls that fail",
            "In how many standards each control fails.",
            "short",
            (*OF_TARGET, "control"),
            (
                Query(
                    f"count by ({BY_TARGET}, control)"
                    f" (max by ({_BY_STANDARD}, control)"
                    f' (posture_control_status{{{CHOSEN},status="failed"}}))',
                    "Standards",
                ),
            ),
            "Nothing fails, or there is no series for each control: metrics.perControl: true in the"
            " operator's"
            " configuration makes them.",
            sort=("Standards", True),
        ),
        Panel(
            "lines",
            "Controls by status",
            "Of all standards that are chosen; a control of two standards counts twice.",
            "short",
            ("status",),
            (Query(f"sum by (cluster, status) ({once('posture_controls')})", "{{status}}"),),
            _NO_SCORE,
            stacked=True,
        ),
    ),
)
BESIDE = Row(
    "Cost and insights",
    (
        Panel(
            "bars",
            "Estimated dollars a month",
            "For security checks, and for findings of the other products that targets name: an estimate from"
            " what is stored.",
            "short",
            (*OF_TARGET, "kind"),
            (
                Query(
                    f"max by ({BY_TARGET}, kind) (posture_estimated_cost_dollars{{{CHOSEN}}})",
                    f"{TARGET_NAME}, {{{{kind}}}}",
                ),
            ),
            _NO_COST,
            width=12,
            height=6,
        ),
        Panel(
            "bars",
            "Dollars a month without one standard",
            "What turning one off would save while others stay: not the checks that another one needs too.",
            "short",
            (*OF_TARGET, "standard"),
            (
                Query(
                    f"max by ({_BY_STANDARD}) (posture_estimated_standard_cost_dollars{{{CHOSEN}}})",
                    f"{TARGET_NAME}, {{{{standard}}}}",
                ),
            ),
            _NO_COST,
            width=12,
            height=6,
        ),
        Panel(
            "table",
            "Insights",
            "What the insights of spec.insights count, read every hour. 100 values are all that Security Hub"
            " gives: 100 or more.",
            "short",
            (*OF_TARGET, "insight", "name"),
            (
                Query(f"max by ({BY_TARGET}, insight, name) (posture_insight_values{{{CHOSEN}}})", "Values"),
                Query(
                    f"max by ({BY_TARGET}, insight, name) (posture_insight_findings{{{CHOSEN}}})", "Findings"
                ),
            ),
            "No target that is chosen names an insight, or none could be read: the condition InsightsRead of"
            " the target says why.",
            width=24,
            height=6,
            sort=("Findings", True),
        ),
    ),
)
ACCOUNTS = Row(
    "Accounts and exceptions",
    (
        Panel(
            "bars",
            "Accounts by state",
            "Silent ones have no finding inside the evaluation window, and no score.",
            "short",
            ("state",),
            (Query(f"sum by (cluster, state) ({once('posture_accounts')})", "{{state}}"),),
            _NO_SCORE,
            width=8,
            height=6,
        ),
        Panel(
            "stat",
            "Exceptions are worth",
            "The score less what it would be if everything suppressed, and every control that a policy"
            " turned off,"
            " counted.",
            "percentunit",
            OF_TARGET,
            (
                Query(
                    f"{score('posture_target_score_ratio')} -"
                    f" {score('posture_target_unsuppressed_score_ratio')}",
                    TARGET_NAME,
                ),
            ),
            _NO_SCORE,
            width=8,
            height=6,
            steps=((None, "green"), (0.1, "orange")),
        ),
        Panel(
            "stat",
            "Exact as of",
            "How long ago what is published was exact.",
            "s",
            OF_TARGET,
            (Query(f"time() - {score('posture_score_timestamp_seconds')}", TARGET_NAME),),
            _NO_SCORE,
            width=8,
            height=6,
            steps=((None, "green"), (1800, "orange"), (7200, "red")),
        ),
        Panel(
            "table",
            "Set-up",
            "Parts of the organization's set-up, the imperfect ones first. What is not known is not listed;"
            " status.organization of the target says why, and what to do about each.",
            "none",
            (*OF_TARGET, "check"),
            (Query(f"max by ({BY_TARGET}, check) (posture_setup_check{{{CHOSEN}}})", "As it should be"),),
            "Nothing is known of the set-up yet, or the target does not look at a Security Hub.",
            width=24,
            height=8,
            steps=((None, "orange"), (1, "green")),
            words={0: "no", 1: "yes"},
            sort=("As it should be", False),
        ),
    ),
)

ORGANIZATION = Dashboard(
    "posture-organization",
    "Posture / Organization",
    "Compliance scores of whole organizations: now, over two weeks, and where to begin.",
    (NOW, TREND, WHERE, ACCOUNTS, BESIDE),
    since="now-14d",
)
