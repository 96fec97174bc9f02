"""An evaluation as `posture score` prints it."""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.aws.securityhub.discovery import HubFacts
from posture.cli import output
from posture.domain.scoring.scores import Method, Score, totals
from posture.domain.time import text_of
from posture.targets.evaluating import Found

Row = Mapping[str, Any]


def document_of(found: Found, facts: HubFacts, method: Method) -> dict[str, Any]:
    """Return an evaluation as JSON, in the API's spelling; a score that does not exist is null.

    `{account, region, method, exactAt, score, passed, scored, unsuppressedScore, controls{}, findings{},
    standards[{standard,…}], workloads[{standard,workload,environment,…}], accounts[{standard,account,
    accountName,…}], silentAccounts[], missingStandards[]}`, where `…` is `score, passed, scored`; scores are
    whole percents, half up.
    """
    evaluation = found.evaluated.evaluation
    unsuppressed = None if found.missing else evaluation.target.unsuppressed
    failed = totals(evaluation.findings)
    return {
        "account": facts.account_id,
        "region": facts.region,
        "method": method.value,
        "exactAt": text_of(found.evaluated.exact_at),
        **_score(found.headline(method)),
        "unsuppressedScore": None if unsuppressed is None else unsuppressed.percent,
        "controls": {output.camel(name): n for name, n in evaluation.pooled._asdict().items()},
        "findings": {
            "failed": {severity.name.lower(): n for severity, n in failed.failed.items()},
            **{output.camel(name): n for name, n in failed._asdict().items() if name != "failed"},
        },
        "standards": [
            {"standard": name, **_score(scores.headline(method))}
            for name, scores in evaluation.standards.items()
        ],
        "workloads": [
            {**scope._asdict(), **_score(scores.headline(method))}
            for scope, scores in evaluation.workloads.items()
        ],
        "accounts": [
            {
                "standard": scope.standard,
                "account": scope.account_id,
                "accountName": evaluation.names.get(scope.account_id),
                **_score(scores.headline(method)),
            }
            for scope, scores in evaluation.accounts.items()
        ],
        "silentAccounts": list(evaluation.silent),
        "missingStandards": list(found.missing),
    }


def rows_of(document: Mapping[str, Any], *, accounts: bool) -> list[Row]:
    """Return a row for each scope: all, standards, workloads, accounts if asked; each the worst first."""
    rows: list[Row] = [{"scope": "all", "standard": "", "name": "", **document}]
    rows += [{"scope": "standard", "name": "", **each} for each in lowest_first(document["standards"])]
    rows += [
        {"scope": "workload", "name": named(each), **each} for each in lowest_first(document["workloads"])
    ]
    rows += [
        {"scope": "account", "name": f"{each['account']} {each['accountName'] or ''}".rstrip(), **each}
        for each in (lowest_first(document["accounts"]) if accounts else ())
    ]
    return rows


COLUMNS: output.Columns[Row] = {
    "SCOPE": lambda row: str(row["scope"]),
    "NAME": lambda row: str(row["name"]),
    "STANDARD": lambda row: str(row["standard"]),
    "SCORE": lambda row: "" if row["score"] is None else str(row["score"]),
    "PASSED": lambda row: "" if row["passed"] is None else str(row["passed"]),
    "CONTROLS": lambda row: "" if row["scored"] is None else str(row["scored"]),
}


def named(workload: Row) -> str:
    """Name a workload with its environment, where it has one."""
    return "/".join(filter(None, (workload["workload"], workload["environment"])))


def _score(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {"score": None, "passed": None, "scored": None}
    return {"score": score.percent, "passed": score.passed, "scored": score.scored}


def lowest_first(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the scopes that have a score, the lowest first."""
    scored = [row for row in rows if row["scored"]]
    return sorted(scored, key=lambda row: row["passed"] / row["scored"])
