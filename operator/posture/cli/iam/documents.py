"""Policies and trust policies of roles as JSON documents, within IAM's quotas."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from posture.cli.iam.rights import Statement
from posture.cli.iam.roles import IamRole, RoleKind
from posture.domain.arns import account_of, oidc_provider_arn, partition_of, root_arn

# IAM user guide, "IAM and AWS STS quotas": characters of a managed policy, white space left out, and how many
# of them a role has unless the quota is raised.
_MOST_CHARACTERS = 6144
_MOST_POLICIES = 10
_VERSION = "2012-10-17"
_POD_IDENTITY = "pods.eks.amazonaws.com"

Document = dict[str, Any]
ExternalId = Callable[[int], object]
"""How the external id of a grant, by its number, is written: never as what it is."""


class Cluster(NamedTuple):
    """How the operator's pod gets its role.

    `oidc_provider`: issuer of the cluster's tokens without `https://`, for IAM roles for service accounts;
    None: EKS Pod Identity. `service_account`: as namespace/name.
    """

    oidc_provider: str | None
    service_account: str


def placeholder(number: int) -> str:
    """Stand in for the external id of a grant."""
    return f"<externalId of grants[{number}]>"


def trust_policy(role: IamRole, operator: str, cluster: Cluster, external_id: ExternalId) -> Document:
    """Return who may assume a role. `operator`: the ARN of the operator's own."""
    return {"Version": _VERSION, "Statement": [_trusted(role, operator, cluster, external_id)]}


def _trusted(role: IamRole, operator: str, cluster: Cluster, external_id: ExternalId) -> Document:
    if role.kind is RoleKind.OPERATOR:
        return _trusted_by_cluster(role, operator, cluster)
    # Named as a principal it would have to be there already, and to stay the same role when it is made anew.
    condition: Document = {"ArnEquals": {"aws:PrincipalArn": operator}}
    if role.external_ids:
        condition["StringEquals"] = {"sts:ExternalId": [external_id(each) for each in role.external_ids]}
    return {
        "Sid": "Operator",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn(partition_of(operator), account_of(operator))},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }


def _trusted_by_cluster(role: IamRole, operator: str, cluster: Cluster) -> Document:
    if cluster.oidc_provider is None:
        return {
            "Sid": "PodIdentity",
            "Effect": "Allow",
            "Principal": {"Service": _POD_IDENTITY},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    partition = partition_of(operator)
    namespace, _, name = cluster.service_account.partition("/")
    return {
        "Sid": "ServiceAccount",
        "Effect": "Allow",
        "Principal": {"Federated": oidc_provider_arn(partition, role.accounts[0], cluster.oidc_provider)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{cluster.oidc_provider}:sub": f"system:serviceaccount:{namespace}:{name}",
                f"{cluster.oidc_provider}:aud": "sts.amazonaws.com",
            }
        },
    }


def policies(role: IamRole) -> list[Document]:
    """Return the managed policies of a role, as few as IAM's quota lets them be.

    Raises ValueError where there are more than a role may have.
    """
    found: list[list[Statement]] = []
    for piece in (each for statement in role.statements for each in _pieces(statement)):
        if found and _size([*found[-1], piece]) <= _MOST_CHARACTERS:
            found[-1].append(piece)
        else:
            found.append([piece])
    if len(found) > _MOST_POLICIES:
        raise ValueError(f"the role {role.name} needs {len(found)} policies, IAM allows {_MOST_POLICIES}")
    return [_policy(each) for each in found]


def _pieces(statement: Statement) -> list[Statement]:
    """Cut a statement in two until each part fits a policy by itself."""
    longest = max(statement.actions, statement.resources, key=len)
    if _size([statement]) <= _MOST_CHARACTERS or len(longest) == 1:
        return [statement]
    half = len(longest) // 2
    field = "actions" if longest is statement.actions else "resources"
    parts = (longest[:half], longest[half:])
    return [
        piece
        for letter, part in zip("AB", parts, strict=True)
        for piece in _pieces(statement._replace(sid=statement.sid + letter, **{field: part}))
    ]


def _policy(statements: Sequence[Statement]) -> Document:
    return {"Version": _VERSION, "Statement": [each.document() for each in statements]}


def _size(statements: Sequence[Statement]) -> int:
    return len(json.dumps(_policy(statements), separators=(",", ":")))
