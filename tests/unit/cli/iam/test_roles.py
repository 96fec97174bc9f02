"""Which roles grants need, with which rights, and whom they trust."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from click.testing import CliRunner

from posture.cli import main
from posture.cli.iam import rights
from posture.remediation.actions.registry import builtin_actions
from tests.support.iam_roles import EVERYTHING, READER, allowed, grant, remediation, roles, run


def test_scores_alone_need_a_role_that_reads_and_one_that_assumes_it(tmp_path: Path) -> None:
    found = roles(tmp_path, grant(verbs=["Score"]))
    assert list(found) == ["posture-operator", "posture-reader"]
    assert allowed(found["posture-reader"]) == {
        *rights.READ_HUB,
        *rights.READ_ORGANIZATION,
    }
    (policy,) = found["posture-operator"]["policies"]
    assert policy["Statement"] == [
        {"Sid": "AssumeRoles", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": READER}
    ]


def test_config_is_read_where_that_is_asked_for(tmp_path: Path) -> None:
    found = roles(tmp_path, grant(ambientIdentity=True), arguments=("--read-config",))
    readers = {name for name, role in found.items() if allowed(role) & {*rights.READ_CONFIG}}
    assert readers == {"posture-operator", "posture-reader"}
    assert allowed(found["posture-reader"]) >= {*rights.READ_CONFIG}
    without = roles(tmp_path, grant(ambientIdentity=True))
    assert not any(allowed(role) & {*rights.READ_CONFIG} for role in without.values())


def test_nothing_granted_needs_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, [])
    assert done.exit_code == 1
    assert "--operator-role" in done.stderr
    found = roles(tmp_path, arguments=("--operator-role", "arn:aws:iam::111122223333:role/x"))
    assert [each["policies"] for each in found.values()] == [[]]


@pytest.mark.parametrize(
    ("verbs", "changes"),
    [(["Score", "Suppress"], True), (["Score", "DisableControls"], False), (["Score", "Remediate"], True)],
)
def test_findings_are_changed_where_that_is_granted(
    tmp_path: Path, verbs: list[str], *, changes: bool
) -> None:
    found = roles(tmp_path, grant(verbs=verbs))
    assert ("securityhub:BatchUpdateFindings" in allowed(found["posture-reader"])) == changes
    assert ("posture-controls" in found) == ("DisableControls" in verbs)
    assert ("posture-remediation" in found) == ("Remediate" in verbs)


def test_a_role_that_changes_findings_may_ask_whether_it_may_and_that_of_itself_alone(tmp_path: Path) -> None:
    found = roles(tmp_path, grant(verbs=["Score", "Suppress"]))["posture-reader"]
    (asking,) = [
        statement
        for policy in found["policies"]
        for statement in policy["Statement"]
        if rights.SIMULATE in statement["Action"]
    ]
    assert (asking["Action"], asking["Resource"]) == ([rights.SIMULATE], READER)
    for others in (grant(verbs=["Score"]), remediation(maxMode="DryRun")):
        assert rights.SIMULATE not in allowed(roles(tmp_path, others)["posture-reader"])


@pytest.mark.parametrize("globs", [["*"], ["s3-*"], ["iam-deactivate-old-access-keys"], []])
def test_a_member_may_what_the_granted_actions_declare(tmp_path: Path, globs: list[str]) -> None:
    found = roles(tmp_path, remediation(builtins=globs))["posture-remediation"]
    granted = [a for name, a in builtin_actions().items() if any(fnmatchcase(name, glob) for glob in globs)]
    declared = {each for a in granted for each in (*a.iam.read, *a.iam.write, *a.iam.undo)}
    assert allowed(found) == declared - {"organizations:ListTagsForResource"}
    assert found["kind"] == "Member"


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    found = roles(tmp_path, remediation(maxMode="DryRun"))
    declared = {each for action in builtin_actions().values() for each in action.iam.read}
    assert allowed(found["posture-remediation"]) <= declared
    assert "securityhub:BatchUpdateFindings" not in allowed(found["posture-reader"])
    assert "posture-remediation" not in roles(
        tmp_path, remediation(maxMode=None) | {"remediation": {"roleNames": ["posture-remediation"]}}
    )


def test_tags_of_accounts_are_read_by_who_reads_the_organization(tmp_path: Path) -> None:
    found = roles(tmp_path, remediation(builtins=["s3-account-block-public-access"]))
    assert "organizations:ListTagsForResource" in allowed(found["posture-reader"])
    assert not allowed(found["posture-remediation"]) & set(rights.READ_ORGANIZATION)


def test_documents_are_run_by_their_names_only(tmp_path: Path) -> None:
    documents = [{"name": "AWS-DisablePublicAccessForSecurityGroup", "owner": "Amazon"}]
    found = roles(tmp_path, remediation(builtins=[], documents=documents))["posture-remediation"]
    (run_them,) = [
        statement
        for policy in found["policies"]
        for statement in policy["Statement"]
        if "ssm:StartAutomationExecution" in statement["Action"]
    ]
    assert run_them["Action"] == ["ssm:StartAutomationExecution"]
    assert all("AWS-DisablePublicAccessForSecurityGroup" in each for each in run_them["Resource"])
    may = allowed(found)
    assert {"ssm:StopAutomationExecution", "ec2:DescribeSecurityGroups", "s3:GetBucketTagging"} <= may
    assert "ec2:RevokeSecurityGroupIngress" not in may


def test_the_operator_may_assume_just_these_roles_where_they_are(tmp_path: Path) -> None:
    found = roles(tmp_path, grant(accounts=["111122223333", "4444*"]))
    (policy,) = found["posture-operator"]["policies"]
    (statement,) = policy["Statement"]
    assert set(statement["Resource"]) == {
        READER,
        *(
            f"arn:aws:iam::{account}:role/{name}"
            for account in ("111122223333", "4444*")
            for name in ("posture-controls", "posture-remediation")
        ),
    }


@pytest.mark.parametrize(
    ("pattern", "name", "path"),
    [
        ("role/posture-*", "posture-reader", "/"),
        ("role/*", "posture-reader", "/"),
        ("role/team/sec-*", "sec", "/team/"),
        ("role/team/*/reader", "reader", "/team/"),
    ],
)
def test_a_glob_lets_through_the_name_that_is_taken(
    tmp_path: Path, pattern: str, name: str, path: str
) -> None:
    found = roles(tmp_path, grant(verbs=["Score"], roleArns=[f"arn:aws:iam::111122223333:{pattern}"]))
    assert (found[name]["name"], found[name]["path"]) == (name, path)


def test_whoever_is_trusted_is_the_operator_with_the_external_id(tmp_path: Path) -> None:
    own = "arn:aws-us-gov:iam::999900001111:role/own"
    done = run(tmp_path, [EVERYTHING], "--operator-role", own)
    assert "only-between-us" not in done.stdout
    found = {each["name"]: each for each in json.loads(done.stdout)}
    for name in ("posture-reader", "posture-controls", "posture-remediation"):
        (statement,) = found[name]["trustPolicy"]["Statement"]
        assert statement["Principal"] == {"AWS": "arn:aws-us-gov:iam::999900001111:root"}
        assert statement["Condition"]["ArnEquals"] == {"aws:PrincipalArn": own}
        assert statement["Condition"]["StringEquals"] == {"sts:ExternalId": ["<externalId of grants[0]>"]}
    without = roles(tmp_path, grant(externalId=None))["posture-reader"]["trustPolicy"]["Statement"][0]
    assert "StringEquals" not in without["Condition"]


def test_a_grant_without_an_external_id_is_not_locked_out_by_one_with(tmp_path: Path) -> None:
    found = roles(tmp_path, EVERYTHING, grant(externalId=None, namespaces=["other"]))
    assert "StringEquals" not in found["posture-reader"]["trustPolicy"]["Statement"][0]["Condition"]


def test_the_pod_gets_its_role_by_either_way(tmp_path: Path) -> None:
    (by_agent,) = roles(tmp_path, EVERYTHING)["posture-operator"]["trustPolicy"]["Statement"]
    assert by_agent["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    issuer = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    arguments = ("--oidc-provider", f"https://{issuer}", "--service-account", "ops/posture")
    (by_token,) = roles(tmp_path, EVERYTHING, arguments=arguments)["posture-operator"]["trustPolicy"][
        "Statement"
    ]
    assert by_token["Principal"] == {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"}
    assert by_token["Condition"]["StringEquals"] == {
        f"{issuer}:sub": "system:serviceaccount:ops:posture",
        f"{issuer}:aud": "sts.amazonaws.com",
    }


def test_an_identity_of_its_own_reads_itself(tmp_path: Path) -> None:
    changed = grant(roleArns=[], ambientIdentity=True, verbs=["Score", "Suppress"])
    own = ("--operator-role", "arn:aws:iam::111122223333:role/own")
    found = roles(tmp_path, changed, arguments=own)
    assert list(found) == ["own"]
    assert allowed(found["own"]) == {
        *rights.READ_HUB,
        *rights.READ_ORGANIZATION,
        *rights.CHANGE_FINDINGS,
        rights.SIMULATE,
    }


def test_one_name_is_one_role_wherever_it_is(tmp_path: Path) -> None:
    changed = grant(
        roleArns=["arn:aws:iam::111122223333:role/one"],
        disableControls={"roleNames": ["one"]},
        remediation={},
    )
    found = roles(tmp_path, changed)
    assert list(found) == ["posture-operator", "one"]
    assert allowed(found["one"]) >= {*rights.READ_HUB, *rights.SWITCH_CONTROLS}
    done = run(tmp_path, [changed], "--operator-role", "arn:aws:iam::111122223333:role/one")
    assert done.exit_code == 1
    assert "the operator's own role" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["iam"], "Missing option '--config'"),
        (["iam", "--config", "x", "--operator-role", "posture"], "is not the ARN of a role"),
        (["iam", "--config", "x", "--service-account", "posture"], "is not NAMESPACE/NAME"),
        (["iam", "--config", "x", "--oidc-provider", "a b"], "is not the address of an OIDC issuer"),
    ],
)
def test_a_wrong_command_line_says_what_to_write(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(main, arguments, terminal_width=300)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["iam", "--config", str(tmp_path / "none.yaml")])
    assert done.exit_code == 1
    assert "cannot be read" in done.stderr
