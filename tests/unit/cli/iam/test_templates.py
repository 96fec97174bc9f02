"""CloudFormation and Terraform say the same as JSON, within the quotas of IAM."""

import json
import re
from pathlib import Path

import hcl2
import yaml
from cfnlint.api import lint_all
from hypothesis import given
from hypothesis import strategies as st

from posture.cli.iam.documents import policies
from posture.cli.iam.rights import Statement
from posture.cli.iam.roles import IamRole, RoleKind
from tests.support.examples import examples
from tests.support.iam_roles import EVERYTHING, grant, roles, run

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
