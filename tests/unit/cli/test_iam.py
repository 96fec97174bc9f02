"""`posture iam`: the rights that grants need and none beyond, in three forms that say the same."""

import ast
import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import hcl2
import pytest
import yaml
from cfnlint.api import lint_all
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from posture.cli import main
from posture.cli.iam import rights
from posture.cli.iam.documents import policies
from posture.cli.iam.rights import Statement
from posture.cli.iam.roles import IamRole, RoleKind
from posture.remediation.actions.registry import builtin_actions
from tests.support.examples import examples

READER = "arn:aws:iam::111122223333:role/posture-reader"
EVERYTHING: dict[str, Any] = {
    "namespaces": ["security"],
    "roleArns": [READER],
    "externalId": "only-between-us",
    "accounts": ["*"],
    "verbs": ["Score", "Suppress", "DisableControls", "Remediate"],
    "disableControls": {"roleNames": ["posture-controls"]},
    "remediation": {"roleNames": ["posture-remediation"], "maxMode": "Enforce", "builtins": ["*"]},
}
POSTURE = Path(__file__).parents[3] / "operator" / "posture"


def run(tmp_path: Path, grants: Iterable[dict[str, Any]], *arguments: str) -> Result:
    file = tmp_path / "posture.yaml"
    file.write_text(yaml.safe_dump({"grants": list(grants)}), encoding="utf-8")
    return CliRunner().invoke(main, ["iam", "--config", str(file), *arguments])


def roles(tmp_path: Path, *grants: dict[str, Any], arguments: tuple[str, ...] = ()) -> dict[str, Any]:
    done = run(tmp_path, grants, *arguments)
    assert done.exit_code == 0, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)}


def allowed(role: dict[str, Any]) -> set[str]:
    return {
        action
        for policy in role["policies"]
        for statement in policy["Statement"]
        for action in statement["Action"]
    }


def grant(**changes: Any) -> dict[str, Any]:
    return {**EVERYTHING, **changes}


def remediation(**changes: Any) -> dict[str, Any]:
    return grant(verbs=["Score", "Remediate"], remediation={**EVERYTHING["remediation"], **changes})


def test_scores_alone_need_a_role_that_reads_and_one_that_assumes_it(tmp_path: Path) -> None:
    found = roles(tmp_path, grant(verbs=["Score"]))
    assert list(found) == ["posture-operator", "posture-reader"]
    assert allowed(found["posture-reader"]) == {
        *rights.READ_HUB,
        *rights.CHECK_SETUP,
        *rights.READ_ORGANIZATION,
    }
    (policy,) = found["posture-operator"]["policies"]
    assert policy["Statement"] == [
        {"Sid": "AssumeRoles", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": READER}
    ]


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
        *rights.CHECK_SETUP,
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


TWO = (EVERYTHING, grant(namespaces=["other"], roleArns=["arn:aws:iam::444455556666:role/x"], externalId="b"))


def test_cloudformation_finds_nothing_wrong_and_says_the_same(tmp_path: Path) -> None:
    text = run(tmp_path, TWO, "-o", "cloudformation").stdout
    # Those that begin with I inform: of what a template may have besides.
    assert [each for each in lint_all(text) if not each.rule.id.startswith("I")] == []
    assert "only-between-us" not in text
    template = yaml.safe_load(text)
    assert template["Parameters"].keys() == {"ExternalIdOfGrant0", "ExternalIdOfGrant1"}
    assert all(each["NoEcho"] is True for each in template["Parameters"].values())
    resources = template["Resources"]
    made = {
        each["Properties"]["RoleName"]: name
        for name, each in resources.items()
        if each["Type"] == "AWS::IAM::Role"
    }
    expected = roles(tmp_path, *TWO)
    assert made.keys() == expected.keys()
    for name, resource in made.items():
        attached = [
            each["Properties"]["PolicyDocument"]
            for each in resources.values()
            if each["Type"] == "AWS::IAM::ManagedPolicy"
            and each["Properties"]["Roles"] == [{"Ref": resource}]
        ]
        assert attached == expected[name]["policies"]
        assert ("Condition" in resources[resource]) == (expected[name]["kind"] != "Member")
    assert template["Conditions"]["In444455556666"] == {
        "Fn::Equals": [{"Ref": "AWS::AccountId"}, "444455556666"]
    }


def test_terraform_reads_it_and_finds_the_same(tmp_path: Path) -> None:
    text = run(tmp_path, TWO, "-o", "terraform").stdout
    assert "only-between-us" not in text
    assert "<externalId" not in text
    module = hcl2.loads(text)
    kinds = [kind.strip('"') for resource in module["resource"] for kind in resource if kind[0] != "_"]
    expected = roles(tmp_path, *TWO)
    assert kinds.count("aws_iam_role") == len(expected)
    assert kinds.count("aws_iam_policy") == kinds.count("aws_iam_role_policy_attachment")
    assert [each.strip('"') for variable in module["variable"] for each in variable if each[0] != "_"] == [
        "external_id_of_grant0",
        "external_id_of_grant1",
    ]
    documents = []
    for found in re.finditer(r"jsonencode\(", text):
        written = re.sub(
            r"var\.external_id_of_grant([0-9])", r'"<externalId of grants[\1]>"', text[found.end() :]
        )
        documents.append(json.JSONDecoder().raw_decode(written)[0])
    assert documents == [
        document for role in expected.values() for document in (role["trustPolicy"], *role["policies"])
    ]


words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=60)
statements = st.lists(
    st.tuples(
        st.lists(words, min_size=1, max_size=150, unique=True),
        st.lists(words, min_size=1, max_size=150, unique=True),
    ),
    max_size=4,
)


@given(statements)
@examples(100)
def test_policies_fit_iams_quota_and_lose_nothing(drawn: list[tuple[list[str], list[str]]]) -> None:
    wanted = [Statement(f"S{n}", tuple(a), tuple(r)) for n, (a, r) in enumerate(drawn)]
    role = IamRole(RoleKind.MEMBER, "/", "x", ("*",), tuple(wanted))
    try:
        made = policies(role)
    except ValueError:
        assert sum(len("".join((*each.actions, *each.resources))) for each in wanted) > 6144
        return
    assert all(len(json.dumps(each, separators=(",", ":"))) <= 6144 for each in made)
    pairs: set[tuple[str, str]] = set()
    names: list[str] = []
    for statement in (each for policy in made for each in policy["Statement"]):
        resources = statement["Resource"]
        names.append(statement["Sid"])
        pairs |= {
            (action, resource)
            for action in statement["Action"]
            for resource in ([resources] if isinstance(resources, str) else resources)
        }
    assert pairs == {
        (action, resource) for each in wanted for action in each.actions for resource in each.resources
    }
    assert len(names) == len(set(names))


def test_whatever_is_asked_of_organizations_is_among_the_rights() -> None:
    asked = asked_of("organizations", POSTURE.glob("aws/organizations/*.py"))
    assert {f"organizations:{each}" for each in asked} == set(rights.READ_ORGANIZATION)


def test_whatever_is_asked_of_security_hub_is_among_the_rights() -> None:
    globs = ("aws/securityhub/*.py", "suppression/**/*.py", "cli/check/*.py")
    asked = asked_of("securityhub", (file for pattern in globs for file in POSTURE.glob(pattern)))
    listed = (
        rights.READ_HUB,
        rights.CHECK_SETUP,
        rights.CHANGE_FINDINGS,
        rights.READ_HISTORY,
        rights.SWITCH_CONTROLS,
        rights.READ_CONTROLS,
    )
    assert {f"securityhub:{each}" for each in asked} <= {action for actions in listed for action in actions}
    assert len(asked) > 10


def asked_of(service: str, files: Iterable[Path]) -> set[str]:
    """The operations of a service that are named in these files."""
    operations = set(botocore.session.get_session().get_service_model(service).operation_names)
    asked: set[str] = set()
    for file in files:
        constants = (
            node.value
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Constant)
        )
        asked |= {each for each in constants if isinstance(each, str) and each in operations}
    return asked


def of_outputs(tmp_path: Path, grants: list[dict[str, Any]], *outputs: dict[str, Any]) -> dict[str, Any]:
    file = tmp_path / "posture.yaml"
    document = {
        "grants": grants,
        "outputs": {"cloudWatch": [{"region": "eu-west-1", **each} for each in outputs]},
    }
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = CliRunner().invoke(main, ["iam", "--config", str(file)])
    assert done.exit_code == 0, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)}


def putting(*namespaces: str) -> dict[str, Any]:
    return {
        "Sid": "PutMetrics",
        "Effect": "Allow",
        "Action": ["cloudwatch:PutMetricData"],
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
    }


METRICS = "arn:aws:iam::444455556666:role/posture-metrics"


def test_an_output_puts_metrics_into_its_namespaces_alone(tmp_path: Path) -> None:
    outputs = [
        {"name": "a", "roleArn": METRICS, "metricNamespace": "B"},
        {"name": "b", "roleArn": METRICS, "metricNamespace": "A"},
    ]
    found = of_outputs(tmp_path, [grant(verbs=["Score"])], *outputs)
    metrics = found["posture-metrics"]
    assert (metrics["kind"], metrics["accounts"]) == ("Output", ["444455556666"])
    assert [each["Statement"] for each in metrics["policies"]] == [[putting("A", "B")]]
    # An output sends no external id.
    assert "StringEquals" not in metrics["trustPolicy"]["Statement"][0]["Condition"]
    (assume,) = found["posture-operator"]["policies"][0]["Statement"]
    assert assume["Resource"] == [READER, METRICS]


def test_an_output_without_a_role_is_the_operator_itself(tmp_path: Path) -> None:
    found = of_outputs(tmp_path, [grant(verbs=["Score"])], {"name": "a"})
    assert putting("SecurityPosture") in found["posture-operator"]["policies"][0]["Statement"]
    assert "cloudwatch:PutMetricData" not in allowed(found["posture-reader"])


def test_an_output_may_share_the_role_of_a_hub(tmp_path: Path) -> None:
    found = of_outputs(tmp_path, [grant(verbs=["Score"])], {"name": "a", "roleArn": READER})
    assert list(found) == ["posture-operator", "posture-reader"]
    assert putting("SecurityPosture") in found["posture-reader"]["policies"][0]["Statement"]


def test_outputs_alone_say_where_the_operator_is(tmp_path: Path) -> None:
    found = of_outputs(tmp_path, [], {"name": "a", "roleArn": METRICS})
    assert found["posture-operator"]["accounts"] == ["444455556666"]
