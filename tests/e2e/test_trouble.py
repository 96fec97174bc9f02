"""Wrong input and a cloud that says no: each has a stated outcome, on the object, and ends by itself."""

import json
from typing import Any

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.log_lines import lines
from tests.support.e2e.stage import FSBP, READER, Stage

ADMINISTRATOR = "111122223333"


def says(stage: Stage, operator: OperatorProcess, kind: str, reason: str, name: str = "organization") -> str:
    operator.wait(lambda: stage.condition(kind, name)["reason"] == reason, f"{kind} with reason {reason}")
    return str(stage.condition(kind, name)["message"])


def events(stage: Stage, name: str) -> set[tuple[str, str]]:
    """Return type and reason of the events on a target."""
    of_target = f"--field-selector=involvedObject.name={name}"
    items = json.loads(stage.kubectl("get", "events", of_target, "-o", "json"))["items"]
    return {(item["type"], item["reason"]) for item in items}


def condition_metric(operator: OperatorProcess, name: str, type_: str, status: str) -> float | None:
    wanted = {"kind": "PostureTarget", "name": name, "type": type_, "status": status}
    found = [s.value for s in operator.series("posture_condition") if wanted.items() <= s.labels.items()]
    return found[0] if len(found) == 1 else None


def test_nothing_granted_says_the_line_to_add_and_adding_it_helps_without_a_restart(stage: Stage) -> None:
    granted = stage.config.read_text(encoding="utf-8")
    stage.configure(grants=[])
    name = stage.target()
    operator = stage.operator()
    message = says(stage, operator, "Stalled", "NotGranted")
    assert READER in message
    assert f'"namespaces": ["{stage.namespace}"]' in message
    assert not operator.series("posture_target_score_ratio", target=name)
    assert condition_metric(operator, name, "Stalled", "True") == 1
    stage.config.write_text(granted, encoding="utf-8")
    operator.wait(lambda: stage.is_current(name), "the score after the grant", seconds=60)
    assert stage.condition("Stalled")["status"] == "False"


def test_a_grant_taken_back_takes_the_score_along(stage: Stage) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    stage.configure(grants=[])
    says(stage, operator, "Stalled", "NotGranted")
    operator.wait(lambda: not operator.series("posture_target_score_ratio", target=name), "the score to go")
    assert "score" not in stage.status(name)


def test_a_configuration_that_is_broken_under_it_leaves_the_last_good_one(stage: Stage, cloud: Cloud) -> None:
    good = stage.config.read_text(encoding="utf-8")
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    stage.config.write_text(good.replace("accounts", "acounts"), encoding="utf-8")
    operator.wait(lambda: "acounts" in operator.log(), "the slip to be named")
    before = operator.value("posture_score_timestamp_seconds", target=name)
    cloud.control.reset_calls()
    operator.wait(lambda: cloud.control.call_total("GetFindings") > 0, "a poll by the last good one")
    operator.wait(
        lambda: operator.value("posture_score_timestamp_seconds", target=name) != before, "a newer score"
    )
    assert stage.condition("Stalled")["status"] == "False"
    assert operator.log().count("acounts") == 1, "once, not at each look"
    stage.config.unlink()
    operator.wait(
        lambda: operator.log().count("The configuration file cannot be used") == 2, "its absence told"
    )
    assert stage.is_current(name)
    stage.configure(grants=[])
    says(stage, operator, "Stalled", "NotGranted")


def grant_accounts_that_begin_with_6(stage: Stage) -> None:
    stage.configure(
        grants=[
            {
                "namespaces": [stage.namespace],
                "roleArns": ["arn:aws:iam::*:role/*"],
                "accounts": ["6*"],
                "verbs": ["Score"],
            }
        ]
    )


def test_accounts_outside_the_grant_are_invisible(stage: Stage) -> None:
    grant_accounts_that_begin_with_6(stage)
    name = stage.target(accounts={"include": ["*"], "exclude": ["600000000000"]})
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    _, page = operator.get("/metrics")
    of_target = [line for line in page.splitlines() if f'target="{name}"' in line]
    # The hub's own account is named by the target itself, in its role; nothing of it is shown.
    (info,) = [line for line in of_target if line.startswith("posture_target_info")]
    of_target.remove(info)
    assert not [line for line in of_target if 'account_id="1' in line or "security-tooling" in line]
    assert operator.value("posture_accounts", target=name, state="excluded") == 1
    assert operator.value("posture_accounts", target=name, state="reporting") == 3


def test_a_role_that_sts_refuses_says_what_to_check_and_recovers_when_it_is_allowed(
    stage: Stage, cloud: Cloud
) -> None:
    cloud.refuse_roles(READER)
    cloud.control.reset_calls()
    name = stage.target()
    operator = stage.operator()
    message = says(stage, operator, "Ready", "RoleNotAssumable")
    assert f"not authorized to perform: sts:AssumeRole on resource: {READER}" in message
    assert "trust policy" in message
    stalled, current = stage.condition("Stalled"), stage.condition("ScoreCurrent")
    assert (stalled["status"], stalled["reason"]) == ("True", "RoleNotAssumable")
    assert current["status"] == "False"
    assert not operator.series("posture_target_score_ratio", target=name)
    assert "score" not in stage.status(name)
    assert condition_metric(operator, name, "Ready", "False") == 1
    operator.wait(lambda: ("Warning", "RoleNotAssumable") in events(stage, name), "a warning")
    assert cloud.control.call_total() == 0, "nothing is asked of Security Hub"
    cloud.refuse_roles()
    operator.wait(lambda: stage.is_current(name), "the score, without a restart", seconds=90)
    assert stage.condition("Ready")["status"] == "True"
    assert stage.condition("Stalled")["status"] == "False"


def test_what_sts_quotes_when_it_refuses_is_in_no_condition_event_metric_or_log_line(
    stage: Stage, cloud: Cloud
) -> None:
    """The canonical request with the session token in it, then the external id that matches no pattern."""
    token, external_id = cloud.env["AWS_SESSION_TOKEN"], "wrong-horse-battery"
    grant = {"namespaces": [stage.namespace], "roleArns": [READER], "accounts": ["*"], "verbs": ["Score"]}
    stage.configure(grants=[{**grant, "externalId": external_id}])
    cloud.refuse_sts({"code": "SignatureDoesNotMatch"})
    name = stage.target()
    operator = stage.operator()
    assert "does not match the signature you provided" in says(stage, operator, "Ready", "CredentialsRefused")
    operator.wait(lambda: ("Warning", "CredentialsRefused") in events(stage, name), "a warning")
    cloud.refuse_sts({"code": "ValidationError"})
    assert "Value [removed] at 'externalId'" in says(stage, operator, "Ready", "RoleNotAssumable")
    operator.wait(lambda: ("Warning", "RoleNotAssumable") in events(stage, name), "another warning")
    objects = stage.kubectl("get", "posturetargets,events", "-o", "json")
    told = "\n".join([objects, operator.log(), operator.get("/metrics")[1]])
    assert token[:40] not in told
    assert external_id not in told


def test_a_role_that_is_taken_away_leaves_the_last_score_with_its_time(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    score = operator.value("posture_target_score_ratio", target=name)
    cloud.refuse_roles(READER)
    # Credentials that have been given out stay good until they expire.
    cloud.control.expire_credentials()
    assert READER in says(stage, operator, "Ready", "RoleNotAssumable")
    operator.wait(lambda: not stage.is_current(name), "the score to be called old")
    assert operator.value("posture_target_score_ratio", target=name) == score


def test_an_sts_that_is_away(stage: Stage, cloud: Cloud) -> None:
    # Nothing listens there: STS, which moto plays, is away for the operator only.
    operator = stage.operator(environment={"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"})
    name = stage.target()
    operator.wait(
        lambda: stage.condition("Ready", name)["status"] == "False", "Ready to be False", seconds=60
    )
    assert cloud.control.call_total("GetFindings") == 0
    assert stage.condition("Ready", name)["message"]


def test_a_hub_that_is_off_says_so_and_recovers(stage: Stage, cloud: Cloud) -> None:
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    name = stage.target()
    operator = stage.operator()
    message = says(stage, operator, "Ready", "HubNotEnabled")
    assert "Enable Security Hub" in message
    assert stage.condition("Stalled")["status"] == "True"
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=True)
    operator.wait(lambda: stage.condition("Ready", name)["status"] == "True", "Ready again", seconds=60)


def test_a_hub_turned_off_later_leaves_the_last_score_with_its_time(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    score = operator.value("posture_target_score_ratio", target=name)
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    operator.wait(lambda: not stage.is_current(name), "the score to be called old")
    assert operator.value("posture_target_score_ratio", target=name) == score
    assert condition_metric(operator, name, "ScoreCurrent", "False") == 1


def test_a_standard_that_is_not_enabled(stage: Stage) -> None:
    missing = "pci-dss/v/3.2.1"
    name = stage.target(source={"securityStandards": {"standards": [FSBP, missing]}})
    operator = stage.operator()
    operator.wait(
        lambda: operator.series("posture_standard_score_ratio", target=name, standard=FSBP),
        "the standard that is there",
        seconds=60,
    )
    # Members could have it: it is missing once their findings are read.
    message = says(stage, operator, "Stalled", "StandardNotEnabled")
    assert missing in message
    assert "cis-aws-foundations-benchmark/v/1.4.0" in message
    assert not operator.series("posture_target_score_ratio", target=name), "a partial score is none"


def test_a_call_that_is_denied_names_the_action_to_allow(stage: Stage, cloud: Cloud) -> None:
    cloud.control.fault("denied", "GetFindings")
    stage.target()
    operator = stage.operator()
    assert "securityhub:GetFindings" in says(stage, operator, "Ready", "AccessDenied")


def test_an_empty_organization_has_no_score(stage: Stage, cloud: Cloud) -> None:
    cloud.control.mutate({"op": "delete", "where": {}})
    name = stage.target()
    operator = stage.operator()
    says(stage, operator, "ScoreCurrent", "NoFindings")
    assert stage.condition("Ready")["status"] == "True"
    assert not operator.series("posture_target_score_ratio", target=name)
    assert "score" not in stage.status(name)


def a_finding(cloud: Cloud, **where: str) -> dict[str, Any]:
    return next(
        finding
        for finding in cloud.control.findings()
        if all(finding.get(key) == value for key, value in where.items())
        and finding["ProductArn"].endswith("product/aws/securityhub")
    )


def test_bad_findings_are_counted_and_named_and_stop_nothing(stage: Stage, cloud: Cloud) -> None:
    template = a_finding(cloud, RecordState="ACTIVE")
    own = {"ProductArn": template["ProductArn"], "AwsAccountId": template["AwsAccountId"]}
    keys = {
        **own,
        "Region": template["Region"],
        "UpdatedAt": template["UpdatedAt"],
        "ProductName": "Security Hub",
    }
    bad = {
        "no-account": {**template, "Id": "no-account", "AwsAccountId": 7},
        "no-time": {**template, "Id": "no-time", "UpdatedAt": "yesterday"},
    }
    odd = {
        "no-compliance": {k: v for k, v in template.items() if k != "Compliance"},
        "odd-enum": {**template, "Compliance": {**template["Compliance"], "Status": "MAYBE"}},
    }
    for id_, finding in {**bad, **odd}.items():
        body = json.dumps({**finding, "Id": id_})
        cloud.control.mutate({"op": "raw", "body": body, "keys": {**keys, "Id": id_}})
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the score in spite of bad findings", seconds=60)
    sync = stage.status(name)["sync"]
    assert sync["rejected"] >= len(bad)
    assert {entry["id"] for entry in sync["rejectedFindings"]} >= set(bad)
    assert operator.log().count("no-time") <= 2, "logged once, not at each poll"


def test_bad_findings_of_accounts_outside_the_grant_are_not_named(stage: Stage, cloud: Cloud) -> None:
    template = a_finding(cloud, RecordState="ACTIVE", AwsAccountId="111122223333")
    keys = {
        key: template[key] for key in ("ProductArn", "AwsAccountId", "Region", "UpdatedAt", "ProductName")
    }
    body = json.dumps({**template, "Id": "hidden", "Compliance": {"Status": "MAYBE"}})
    cloud.control.mutate({"op": "raw", "body": body, "keys": {**keys, "Id": "hidden"}})
    grant = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::*:role/*"],
        "accounts": ["6*"],
        "verbs": ["Score"],
    }
    stage.configure(grants=[grant])
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the score", seconds=60)
    assert "hidden" not in json.dumps(stage.status(name))
    stage.configure(grants=[{**grant, "accounts": ["*"]}])
    operator.wait(lambda: "hidden" in json.dumps(stage.status(name)), "the name, once it is granted")


def test_a_remediation_whose_target_is_not_there_says_so(stage: Stage) -> None:
    spec = {
        "ruleRef": {"name": "public"},
        "targetRef": {"name": "organization"},
        "action": {"builtin": {"name": "s3-account-block-public-access"}},
        "resource": {
            "type": "AwsAccount",
            "id": "AWS::::Account:111122223333",
            "accountId": "111122223333",
            "region": "eu-west-1",
        },
        "finding": {
            "id": "finding-1",
            "productArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        },
        "planHash": "0" * 16,
    }
    stage.apply("Remediation", "example", spec)
    stage.kubectl("annotate", "rem", "example", "posture.dev/requestedAt=now")
    operator = stage.operator()
    operator.wait(
        lambda: stage.condition("Stalled", "example", "remediations")["reason"] == "TargetNotReady",
        "the condition",
    )
    assert stage.namespace in stage.condition("Stalled", "example", "remediations")["message"]
    operator.wait(
        lambda: stage.get("example", "remediations")["status"].get("lastHandledRequest") == "now",
        "the answer to the request",
    )


def test_a_narrowed_grant_hides_what_was_known_even_while_suspended(stage: Stage) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    stage.target(suspend=True)
    operator.wait(lambda: stage.condition("ScoreCurrent")["reason"] == "Suspended", "the condition")
    assert stage.status(name)["workloads"]
    grant_accounts_that_begin_with_6(stage)
    operator.wait(lambda: not stage.status(name).get("workloads"), "numbers of other accounts to go")
    assert "score" not in stage.status(name)
    _, page = operator.get("/metrics")
    assert f'target="{name}",workload=' not in page


def test_calls_that_are_denied_to_the_reader_are_named_with_what_they_cost(
    stage: Stage, cloud: Cloud
) -> None:
    cloud.control.fault("denied", "ListMembers")
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the score in spite of it", seconds=60)
    assert "securityhub:ListMembers" in stage.condition("Ready", name)["message"]


def test_missing_rights_are_said_in_readyz_and_once_in_the_log(stage: Stage) -> None:
    stage.plane.kubectl("create", "serviceaccount", "nobody", "-n", stage.namespace)
    operator = stage.operator(
        kubeconfig=stage.plane.kubeconfig_for("nobody", stage.namespace), arguments=["--log-level", "debug"]
    )
    operator.wait(lambda: "posturetargets" in operator.get("/readyz")[1], "the reason")
    status, reason = operator.get("/readyz")
    assert status == 503
    assert len(reason.strip().splitlines()) == 1
    assert operator.get("/healthz")[0] == 200

    def occurrences(logger: str, message: str) -> int:
        told = (each for each in lines(operator.log()) if each["logger"] == logger)
        return sum(each["message"].startswith(message) for each in told)

    operator.wait(
        lambda: (
            occurrences("posture.supervisor", "The declared objects could not be listed") >= 2
            and occurrences("posture.kube.leases", "Lease posture-operator") >= 2
        ),
        "the lists and the Lease to have been refused twice",
        seconds=90,
    )
    told = [each for each in lines(operator.log()) if each["level"] in {"WARNING", "ERROR"}]
    assert [each["logger"] for each in told] == ["posture.readiness"], told
    assert "posturetargets" in told[0]["message"]
