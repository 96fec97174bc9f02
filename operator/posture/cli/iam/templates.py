"""The roles of grants as JSON, as a CloudFormation template, and as Terraform."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from posture.cli.iam.documents import Cluster, Document, placeholder, policies, trust_policy
from posture.cli.iam.roles import IamRole, RoleKind, external_id_names
from posture.cli.output import as_json, as_yaml

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_PURPOSE = {
    RoleKind.OPERATOR: "Of the operator's pod: it assumes the others",
    RoleKind.HUB: "Reads Security Hub, and changes findings where that is granted",
    RoleKind.MEMBER: "Acts in the accounts that are granted",
    RoleKind.OUTPUT: "Publishes metrics to CloudWatch",
}
# Descriptions of roles and policies, IAM API reference: no quotes and no brackets of any kind.
_NO_DESCRIPTION = re.compile(r"[^\w\s.,:;'/()-]")
_MARK = "@@{}@@"


class Roles(NamedTuple):
    """What is to be written out. `operator`: the ARN of the operator's role."""

    all: Sequence[IamRole]
    operator: str
    cluster: Cluster

    def trust(self, role: IamRole, external_id: Callable[[int], object] = placeholder) -> Document:
        """Return who may assume a role."""
        return trust_policy(role, self.operator, self.cluster, external_id)


def as_documents(roles: Roles) -> str:
    """Return JSON: a list of `{name, path, kind, purpose, accounts, trustPolicy, policies}`."""
    return as_json(
        [
            {
                "name": role.name,
                "path": role.path,
                "kind": role.kind,
                "purpose": _PURPOSE[role.kind],
                "accounts": list(role.accounts),
                "trustPolicy": roles.trust(role),
                "policies": policies(role),
            }
            for role in roles.all
        ]
    )


def as_cloudformation(roles: Roles) -> str:
    """Return one template for all accounts, by stack or by stack set.

    The roles of one account are made there only, those of members wherever it is deployed. Roles are of no
    Region: deploy it to one.
    """
    ids = external_id_names(roles.all)
    homes = {each.accounts[0]: f"In{each.accounts[0]}" for each in roles.all if _is_at_home(each)}
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": (
            "IAM roles of Posture Operator. Deploy it to the operator's account, the Security Hub"
            " administrator's and the members', as a stack or a stack set, to one Region of each."
        ),
    }
    if ids:
        template["Parameters"] = {
            name: {"Type": "String", "NoEcho": True, "Description": f"externalId of grants[{number}]."}
            for number, name in ids.items()
        }
    if homes:
        template["Conditions"] = {
            name: {"Fn::Equals": [{"Ref": "AWS::AccountId"}, account]} for account, name in homes.items()
        }
    template["Resources"] = {
        name: resource
        for place, role in enumerate(roles.all)
        for name, resource in _cloudformation(place, role, roles, homes.get(role.accounts[0])).items()
    }
    return as_yaml(template)


def as_terraform(roles: Roles) -> str:
    """Return one module for all accounts: apply it with a provider of each.

    The roles of one account are made there only, those of members in each.
    """
    ids = external_id_names(roles.all)
    text = "# IAM roles of Posture Operator. Apply it in the operator's account, the Security Hub\n"
    text += "# administrator's and the members': each gets the roles that belong there.\n\n"
    text += 'data "aws_caller_identity" "current" {}\n'
    for number, name in ids.items():
        text += (
            f'\nvariable "{_snake(name)}" {{\n  description = "externalId of grants[{number}]"\n'
            "  type        = string\n  sensitive   = true\n}\n"
        )
    names = {number: f"var.{_snake(name)}" for number, name in ids.items()}
    return text + "".join(_terraform(place, role, roles, names) for place, role in enumerate(roles.all))


def _cloudformation(place: int, role: IamRole, roles: Roles, condition: str | None) -> dict[str, Any]:
    name = _camel(role.name) + str(place)
    only = {"Condition": condition} if condition else {}
    ids = external_id_names(roles.all)
    made: dict[str, Any] = {
        name: {
            "Type": "AWS::IAM::Role",
            **only,
            "Properties": {
                "RoleName": role.name,
                "Path": role.path,
                "Description": _description(role),
                "AssumeRolePolicyDocument": roles.trust(role, lambda number: {"Ref": ids[number]}),
            },
        }
    }
    for number, document in enumerate(policies(role)):
        made[f"{name}Policy{number}"] = {
            "Type": "AWS::IAM::ManagedPolicy",
            **only,
            "Properties": {
                "Description": _description(role),
                "PolicyDocument": document,
                "Roles": [{"Ref": name}],
            },
        }
    return made


def _terraform(place: int, role: IamRole, roles: Roles, names: dict[int, str]) -> str:
    name = f"{_snake(role.name)}_{place}"
    count = "1"
    if _is_at_home(role):
        count = f'data.aws_caller_identity.current.account_id == "{role.accounts[0]}" ? 1 : 0'
    trust = _hcl(roles.trust(role, _MARK.format))
    for number, variable in names.items():
        trust = trust.replace(json.dumps(_MARK.format(number)), variable)
    text = (
        f'\nresource "aws_iam_role" "{name}" {{\n  count              = {count}\n'
        f'  name               = "{role.name}"\n  path               = "{role.path}"\n'
        f'  description        = "{_description(role)}"\n'
        f"  assume_role_policy = jsonencode({trust})\n}}\n"
    )
    for number, document in enumerate(policies(role)):
        policy = f"{name}_{number}"
        text += (
            f'\nresource "aws_iam_policy" "{policy}" {{\n  count  = {count}\n'
            f'  name   = "{role.name}-{number}"\n  policy = jsonencode({_hcl(document)})\n}}\n'
            f'\nresource "aws_iam_role_policy_attachment" "{policy}" {{\n  count      = {count}\n'
            f"  role       = aws_iam_role.{name}[0].name\n  policy_arn = aws_iam_policy.{policy}[0].arn\n}}\n"
        )
    return text


def _is_at_home(role: IamRole) -> bool:
    """Whether a role belongs into one account that is known."""
    return role.kind is not RoleKind.MEMBER and _ACCOUNT.fullmatch(role.accounts[0]) is not None


def _description(role: IamRole) -> str:
    return _NO_DESCRIPTION.sub("", f"Posture Operator. {_PURPOSE[role.kind]}.")


def _hcl(document: Document) -> str:
    """Write a document as an expression of Terraform: JSON, in which nothing is a template."""
    text = json.dumps(document, indent=2).replace("${", "$${").replace("%{", "%%{")
    return text.replace("\n", "\n  ")


def _camel(name: str) -> str:
    return "".join(part.title() for part in re.split(r"[^A-Za-z0-9]+", name) if part) or "Role"


def _snake(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"role_{plain}"
