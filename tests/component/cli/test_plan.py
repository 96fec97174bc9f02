"""`posture plan` against the emulator: numbers, troubles, exit codes, and that nothing is ever written."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import OWNER
from tests.support.e2e.plans import manifest, planned, run_plan, write, written
from tests.support.e2e.rules import ACCOUNT_BLOCK, INGRESS, fail, failing
from tests.support.e2e.stage import CIS_1_4, FSBP, ORGANIZATION, PATTERN, READER

NOTHING = {"suppress": 0, "reopen": 0, "turnOff": 0, "turnOn": 0, "trouble": None}
GRANT: dict[str, Any] = {
    "namespaces": ["security"],
    "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
    "accounts": ["*"],
    "verbs": ["Score", "Suppress", "DisableControls", "Remediate"],
    "disableControls": {"roleNames": ["posture-controls"]},
    "remediation": {"roleNames": ["posture-remediation"], "maxMode": "Enforce", "builtins": ["*"]},
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Cloud]:
    """A small organization's Security Hub in which accounts let the public in."""
    with Cloud.start(organization=ORGANIZATION) as started:
        for control in ("S3.1", "EC2.19"):
            fail(started, control)
        yield started


@pytest.fixture
def cloud(shared: Cloud) -> Iterator[Cloud]:
    """The same, of which a test sees that nobody has written to it."""
    before = written(shared)
    yield shared
    assert written(shared) == before


def terms(**spec: Any) -> dict[str, Any]:
    end = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "targetRef": {"name": "organization"},
        "justification": "Retention is handled by lifecycle policies",
        "approvedBy": "security@example.com",
        "expiresAt": end,
        **spec,
    }


def target(name: str = "organization", namespace: str = "security", **spec: Any) -> dict[str, Any]:
    said = {
        "aws": {"region": "eu-west-1", "roleArn": READER},
        "source": {"securityStandards": {"standards": [FSBP, CIS_1_4]}},
        "grouping": {"accountNamePattern": PATTERN},
        **spec,
    }
    return manifest("PostureTarget", name, namespace, said)


def policy(name: str, *controls: str, namespace: str = "security", **spec: Any) -> dict[str, Any]:
    findings = {"match": [{"controls": list(controls)}], **spec.pop("findings", {})}
    return manifest("SuppressionPolicy", name, namespace, terms(suppressFindings=findings, **spec))


def disabling(name: str, **spec: Any) -> dict[str, Any]:
    said = {
        "standards": [FSBP],
        "controls": ["SecretsManager.4"],
        "accounts": ["*"],
        "regions": ["eu-west-1"],
        **spec,
    }
    return manifest("SuppressionPolicy", name, "security", terms(disableControls=said))


def rule(name: str, action: str, *controls: str, **spec: Any) -> dict[str, Any]:
    said = {
        "targetRef": {"name": "organization"},
        "match": [{"controls": list(controls)}],
        "action": {"builtin": {"name": action}},
        "delay": "0s",
        "limits": {"percent": 100, "perCycle": 100},
        **spec,
    }
    return manifest("RemediationRule", name, "security", said)


def config(folder: Path, **changes: Any) -> Path:
    file = folder / "posture.yaml"
    file.write_text(yaml.safe_dump({"grants": [GRANT], "quotaShare": 1, **changes}), encoding="utf-8")
    return file


def open_findings(cloud: Cloud, *globs: str) -> int:
    """Count what a policy would suppress: ACTIVE, not passed, and not suppressed by anybody yet."""
    return sum(each["Workflow"]["Status"] != "SUPPRESSED" for each in failing(cloud, globs))


def test_policies_in_one_file(cloud: Cloud, tmp_path: Path) -> None:
    globs = ("RDS.*", "C*", "K*")
    file = write(tmp_path / "all.yaml", target(), policy("logs", *globs), disabling("secrets"))
    done = run_plan(cloud, "-f", file, "-o", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (3, "")
    assert list(document) == ["policies", "rules", "targets"]
    accounts = {each["AwsAccountId"] for each in cloud.control.findings()}
    assert document["policies"] == [
        {"name": "logs", **NOTHING, "suppress": open_findings(cloud, *globs)},
        {"name": "secrets", **NOTHING, "turnOff": len(accounts)},
    ]
    assert document["rules"] == []
    (told,) = document["targets"]
    assert list(told) == ["name", "before", "after"]
    assert 0 < told["before"] < told["after"]


def test_what_does_nothing_ends_with_0_and_is_named_with_its_namespace(cloud: Cloud, tmp_path: Path) -> None:
    write(
        tmp_path / "security.yaml",
        target(),
        policy("idle", "Nothing.1"),
        policy("many", "RDS.*", findings={"maxFindings": 1}),
        policy("over", "S3.1", expiresAt="2025-01-01T00:00:00Z"),
        policy("long", "S3.1", expiresAt="2099-01-01T00:00:00Z"),
        policy("asleep", "S3.1", suspend=True),
    )
    write(tmp_path / "other.yml", target(namespace="other"), policy("idle", "Nothing.1", namespace="other"))
    plan = planned(cloud, "-f", tmp_path, code=0)
    assert list(plan["targets"]) == ["other/organization", "security/organization"]
    troubles = {name: each.pop("trouble") for name, each in plan["policies"].items()}
    assert {name: each and each.partition(":")[0] for name, each in troubles.items()} == {
        "other/idle": None,
        "security/asleep": "Suspended",
        "security/idle": None,
        "security/long": "ExpiresTooLate",
        "security/many": "TooManyMatches",
        "security/over": "Expired",
    }
    assert {number for each in plan["policies"].values() for number in each.values()} == {0}


def test_rules_with_and_without_a_look_at_what_they_would_touch(cloud: Cloud, tmp_path: Path) -> None:
    file = write(
        tmp_path / "rules.yaml",
        target(),
        policy("dry", "S3.1", mode="DryRun"),
        rule("ports", INGRESS, "EC2.19"),
        rule("buckets", ACCOUNT_BLOCK, "S3.1"),
    )
    accounts = len(failing(cloud, ["S3.1"]))
    groups = len({each["Resources"][0]["Id"] for each in failing(cloud, ["EC2.19"])})
    blind = run_plan(cloud, "-f", file)
    assert blind.returncode == 3
    assert f"{groups} resources were not read live: --live reads them" in blind.stderr
    rows = [re.split(" {2,}", each.rstrip()) for each in blind.stdout.splitlines()]
    assert ["ports", "DryRun", f"{groups}", "0", "0", f"{groups}", f"Planned {groups}"] in rows
    assert ["dry", f"{accounts}", "0", "0", "0", "DryRun"] in rows
    plan = planned(cloud, "-f", file, "--live")
    # Nothing but findings knows these groups: whoever looks at them live finds none.
    seen = {"remediate": 0, "wait": 0, "skip": groups, "reasons": {"ResourceGone": groups}}
    protected = {"remediate": 0, "wait": 0, "skip": accounts, "reasons": {"Suppressed": accounts}}
    assert plan["rules"] == {"ports": seen, "buckets": protected}
    (scores,) = plan["targets"].values()
    assert scores["before"] == scores["after"]


def test_the_configuration_says_what_is_granted(cloud: Cloud, tmp_path: Path) -> None:
    objects = [target(), policy("logs", "RDS.*"), rule("lost", INGRESS, "EC2.19", targetRef={"name": "no"})]
    for each in objects:
        del each["metadata"]["namespace"]
    file = write(tmp_path / "all.yaml", *objects)
    scoring = config(tmp_path, grants=[{**GRANT, "verbs": ["Score"]}])
    done = run_plan(cloud, "-f", file, "-n", "security", "--config", scoring, "-o", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 1, "what is not planned is not known"
    (logs,) = document["policies"]
    assert logs.pop("trouble").startswith("NotGranted: ")
    assert logs == {"name": "logs", "suppress": 0, "reopen": 0, "turnOff": 0, "turnOn": 0}
    unplanned = dict.fromkeys(("remediate", "wait", "skip"))
    assert document["rules"] == [{"name": "lost", **unplanned, "reasons": {}}]
    assert "RemediationRule security/lost: TargetNotFound: " in done.stderr
    elsewhere = planned(cloud, "-f", file, "--config", scoring, code=1)
    assert elsewhere["targets"]["organization"] == {"before": None, "after": None}


def test_while_writes_are_frozen_no_score_moves(cloud: Cloud, tmp_path: Path) -> None:
    file = write(tmp_path / "all.yaml", target(), policy("logs", "RDS.*", "C*", "K*"))
    plan = planned(cloud, "-f", file, "--config", config(tmp_path, writes="Frozen"))
    assert plan["policies"]["logs"]["suppress"] == open_findings(cloud, "RDS.*", "C*", "K*")
    assert plan["policies"]["logs"]["trouble"].startswith("WritesFrozen: ")
    (scores,) = plan["targets"].values()
    assert scores["before"] == scores["after"]


def test_what_rests_on_an_account_that_cannot_be_read_is_absent(cloud: Cloud, tmp_path: Path) -> None:
    file = write(tmp_path / "all.yaml", target(), disabling("secrets"))
    account = min(each["AwsAccountId"] for each in cloud.control.findings())
    fault = cloud.control.fault("denied", "GetEnabledStandards", account=account, count=None)
    try:
        plan = planned(cloud, "-f", file, code=1)
    finally:
        cloud.control.lift_faults(fault)
    assert plan["policies"]["secrets"].pop("trouble").startswith("AccessDenied: ")
    assert plan["policies"]["secrets"] == {"suppress": 0, "reopen": 0, "turnOff": None, "turnOn": None}
    assert plan["targets"]["organization"]["after"] is None
    assert plan["targets"]["organization"]["before"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-f", "all.yaml", "--timeout", "1s"], 124, "not everything was read within 1s"),
        (["-f", "elsewhere.yaml"], 1, "Security Hub"),
        (
            ["-f", "wrong.yaml"],
            1,
            "wrong.yaml:7:3: error: PostureTarget security/organization: spec.aws.region:",
        ),
        (["-f", "all.yaml", "--config", "wrong.yaml"], 1, "wrong.yaml"),
        (["-f", "all.yaml", "--against", "cluster"], 1, "/nowhere"),
        (["-f", "missing.yaml"], 2, "missing.yaml"),
        ([], 2, "--filename"),
        (["-f", "all.yaml", "-o", "html"], 2, "html"),
        (["-f", "all.yaml", "--against", "git"], 2, "git"),
    ],
)
def test_what_cannot_be_planned_is_told_in_a_sentence(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "all.yaml", target())
    write(tmp_path / "elsewhere.yaml", target(aws={"region": "eu-central-1", "roleArn": READER}))
    wrong = target()
    wrong["spec"] = {"aws": {}, **{key: each for key, each in wrong["spec"].items() if key != "aws"}}
    write(tmp_path / "wrong.yaml", wrong)
    done = run_plan(cloud, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_api_server_would_refuse_is_sarif_where_that_is_asked_for(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "wrong.yaml", target(aws={"region": "nowhere"}))
    done = run_plan(cloud, "-f", "wrong.yaml", "-o", "sarif")
    assert done.returncode == 1
    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("invalid", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "wrong.yaml"}, "region": {"startLine": 8, "startColumn": 5}}


def test_what_an_operator_has_marked_is_reopened_when_its_policy_is_not_declared(tmp_path: Path) -> None:
    with Cloud.start(organization=ORGANIZATION) as cloud:
        marked = [each for each in failing(cloud, ["RDS.*"]) if each["Workflow"]["Status"] == "NEW"][:4]
        whose = ((OWNER, "gone"), (OWNER, "gone"), (OWNER, "logs"), ("another-cluster", "logs"))
        for each, (owner, name) in zip(marked, whose, strict=True):
            mark = {
                "posture.dev/owner": owner,
                "posture.dev/policy": f"security/{name}",
                "posture.dev/previous": "NEW",
            }
            change = {"op": "workflow", "id": each["Id"], "status": "SUPPRESSED", "user_fields": mark}
            cloud.control.mutate(change)
        file = write(tmp_path / "all.yaml", target(), policy("logs", "Nothing.1"))
        plan = planned(cloud, "-f", file, "--config", config(tmp_path, ownerId=OWNER))
        assert plan["policies"] == {"gone": {**NOTHING, "reopen": 2}, "logs": {**NOTHING, "reopen": 1}}
        (scores,) = plan["targets"].values()
        assert scores["after"] <= scores["before"]
