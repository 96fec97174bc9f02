"""`posture controls`, `findings` and `score -o html` for a target of the cluster, beside the operator."""

import json
from collections import Counter
from typing import Any

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e import controls
from tests.support.e2e.commands import command
from tests.support.e2e.exceptions import OWNER, in_effect, policy, suppressed_by
from tests.support.e2e.stage import FSBP, Stage
from tests.support.html_page import read_page


def printed(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    done = command(stage, stage.plane.kubeconfig, *arguments, "-o", "json", **stage.cloud.env)
    assert (done.returncode, done.stderr) == (0, "")
    documents = json.loads(done.stdout)
    assert isinstance(documents, list)
    return documents


def counted(operator: OperatorProcess, state: str) -> Counter[tuple[str, str]]:
    """Return what the operator's metrics count, by account and severity."""
    found = Counter(
        {
            (series.labels["account_id"], series.labels["severity"]): int(series.value)
            for series in operator.series("posture_findings", target="organization", state=state)
        }
    )
    return +found


def test_what_fails_is_what_the_operator_counts(stage: Stage, cloud: Cloud) -> None:
    grant = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "Suppress", "DisableControls"],
        "disableControls": {"roleNames": [controls.ROLE]},
    }
    stage.configure(grants=[grant], ownerId=OWNER, quotaShare=1)
    stage.target()
    name = policy(stage)
    off = controls.policy(stage)
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage, name) and in_effect(stage, off), "both policies", seconds=60)
    operator.wait(lambda: counted(operator, "disabled").total() > 0, "the control to be off", seconds=30)

    found = printed(stage, "findings", "organization")
    assert Counter((each["account"], each["severity"].lower()) for each in found) == counted(
        operator, "failed"
    )
    assert controls.CONTROL not in {each["control"] for each in found}
    by_control = printed(stage, "controls", "organization")
    assert Counter({each["control"]: each["failed"] for each in by_control}) == Counter(
        each["control"] for each in found
    )
    report = command(stage, stage.plane.kubeconfig, "score", "organization", "-o", "html", **cloud.env)
    assert (report.returncode, report.stderr) == (0, "")
    page = read_page(report.stdout)
    assert page.strange == []
    assert f"{stage.status()['score']} %" in page.texts
    exceptions = page.tables()["Exceptions"]
    documented = [row for row in exceptions if row[6] == f"{stage.namespace}/{name}"]
    ours = suppressed_by(cloud, f"{stage.namespace}/{name}")
    assert sum(int(row[3].split()[0]) for row in documented) == len(ours) > 0
    assert {(row[4], row[5], row[7]) for row in documented} == {
        ("Retention is handled by lifecycle policies", "security@example.com", "Active")
    }
    turned_off = [row for row in exceptions if row[6] == f"{stage.namespace}/{off}"]
    assert turned_off
    assert {(row[0], row[3]) for row in turned_off} == {
        (controls.CONTROL, f"turned off in {FSBP} (as the policy's status says)")
    }


def test_who_may_not_read_the_cluster_or_names_nothing_is_told_so(stage: Stage) -> None:
    stage.plane.kubectl("create", "serviceaccount", "nobody", "-n", stage.namespace)
    theirs = stage.plane.kubeconfig_for("nobody", stage.namespace)
    for kubeconfig, says in ((theirs, "you may not get posturetargets"), (stage.plane.kubeconfig, "none")):
        done = command(stage, kubeconfig, "controls", "none", **stage.cloud.env)
        assert (done.returncode, done.stdout) == (1, "")
        assert says in done.stderr
        assert "Traceback" not in done.stderr
