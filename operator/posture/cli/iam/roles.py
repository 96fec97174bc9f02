"""Which roles the grants of a configuration need, who may assume each, and what each may do.

One role of the operator itself; the hubs' roles (`roleArns`) and those of outputs, each in its account; and
roles in the accounts of members, which are alike in all of them (`disableControls.roleNames`,
`remediation.roleNames`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import NamedTuple

from posture.cli.iam.rights import (
    CHANGE_FINDINGS,
    PUT_METRICS,
    READ_CONFIG,
    READ_CONTROLS,
    READ_HISTORY,
    READ_HUB,
    READ_ORGANIZATION,
    READ_QUEUE,
    SIMULATE,
    SWITCH_CONTROLS,
    Statement,
    of_builtins,
    of_documents,
    of_snapshots,
    statement,
)
from posture.config.grants import Grant
from posture.config.model import Snapshots
from posture.config.outputs import CloudWatchOutput
from posture.domain.arns import COMMERCIAL, role_arn, role_parts
from posture.domain.grants import Mode, Verb
from posture.remediation.actions.contract import Action
from posture.remediation.actions.registry import builtin_actions
from posture.remediation.witnesses import witnesses

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
READER, CONTROLS, REMEDIATION = "posture-reader", "posture-controls", "posture-remediation"
"""The names that the documentation uses: taken where a grant says only a glob that fits them."""


class RoleKind(StrEnum):
    """What a role is for."""

    OPERATOR = "Operator"
    HUB = "Hub"
    MEMBER = "Member"
    OUTPUT = "Output"


class IamRole(NamedTuple):
    """A role to be made.

    `accounts`: ids, or globs where a grant says globs. `external_ids`: numbers of the grants whose external
    id is asked for; empty: none is. `path` begins and ends with `/`.
    """

    kind: RoleKind
    path: str
    name: str
    accounts: tuple[str, ...]
    statements: tuple[Statement, ...]
    external_ids: tuple[int, ...] = ()


class NoOperatorRole(Exception):  # noqa: N818 - the name says what is the case
    """Nobody says which role the operator has; the message says what to write."""


class _Wanted(NamedTuple):
    """What one grant, or one output, wants of a role."""

    kind: RoleKind
    path: str
    name: str
    account: str
    statements: Sequence[Statement]
    external_id: int | None


def roles(
    grants: Sequence[Grant],
    operator: str,
    outputs: Sequence[CloudWatchOutput] = (),
    snapshots: Snapshots | None = None,
    *,
    reads_config: bool = False,
) -> list[IamRole]:
    """Return the roles that these grants, outputs and snapshots need, the operator's first.

    `operator`: the ARN of that one. `reads_config`: hubs' roles may read AWS Config, which no grant says, and
    targets alone decide. Raises NoOperatorRole where a grant or an output has the operator assume
    its own role.
    """
    reading = [statement("ReadConfig", READ_CONFIG)] if reads_config else []
    wanted = [each for number, grant in enumerate(grants) for each in _of_grant(number, grant, reading)]
    in_members = {each.name for each in wanted if each.kind is RoleKind.MEMBER}
    of_hubs = {(each.account, each.name) for each in wanted if each.kind is RoleKind.HUB}
    for output in outputs:
        wanted += _of_output(output, of_hubs)
    if snapshots is not None and snapshots.role_arn is not None:
        account, path, name = account_and_name(snapshots.role_arn)
        kind = RoleKind.HUB if (account, name) in of_hubs else RoleKind.OUTPUT
        wanted.append(_Wanted(kind, path, name, account, _keeping(snapshots, snapshots.role_arn), None))
    merged: defaultdict[tuple[RoleKind, str, str], list[_Wanted]] = defaultdict(list)
    for each in wanted:
        # Those in members are one role, made in many accounts, also where a hub's role has the same name.
        # Other roles are each of one account.
        kind = RoleKind.MEMBER if each.name in in_members else each.kind
        merged[kind, "" if kind is RoleKind.MEMBER else each.account, each.name].append(each)
    others = [_merged(kind, each) for (kind, _, _), each in sorted(merged.items(), key=lambda item: item[0])]
    own = _operator(operator, grants, others, outputs, reading)
    if snapshots is not None and snapshots.role_arn is None:
        own = own._replace(statements=(*own.statements, *_keeping(snapshots, operator)))
    if any(each.name == own.name and {own.accounts[0], "*"} & set(each.accounts) for each in others):
        raise NoOperatorRole(
            f"a grant or an output names {own.name}, the operator's own role, as one that it assumes: name"
            " another one with --operator-role, or set ambientIdentity, or leave out the output's roleArn"
        )
    return [own, *others]


def operator_arn(grants: Sequence[Grant], outputs: Sequence[CloudWatchOutput] = ()) -> str:
    """Return the ARN of the operator's role where nobody says it: beside the first hub's or output's role.

    Raises NoOperatorRole where none names an account.
    """
    for arn in _named(grants, outputs):
        partition, account, _ = _parts(arn)
        if _ACCOUNT.fullmatch(account):
            return role_arn(partition, account, "posture-operator")
    raise NoOperatorRole(
        "no grant names a role in a certain account: say with --operator-role which role the operator has,"
        " such as arn:aws:iam::111122223333:role/posture-operator"
    )


def _named(grants: Iterable[Grant], outputs: Iterable[CloudWatchOutput]) -> list[str]:
    """Return the ARNs of roles, or globs over such, that are named as a whole."""
    of_grants = [arn for grant in grants for arn in grant.role_arns]
    return of_grants + [output.role_arn for output in outputs if output.role_arn is not None]


def account_and_name(arn: str) -> tuple[str, str, str]:
    """Return the account, path and name of a role's ARN."""
    _, account, resource = _parts(arn)
    return account, *_path_and_name(resource)


def _of_grant(number: int, grant: Grant, reading: Sequence[Statement]) -> Iterable[_Wanted]:
    """Return what a grant wants. `reading`: what hubs' roles may read besides Security Hub."""
    external_id = None if grant.external_id is None else number
    for arn in grant.role_arns:
        partition, account, resource = _parts(arn)
        path, name = _path_and_name(_chosen(resource, READER))
        own = role_arn(partition, account, name, path)
        statements = [*_hub_statements(grant), *reading, *_simulating(grant, own)]
        yield _Wanted(RoleKind.HUB, path, name, account, statements, external_id)
    if Verb.DISABLE_CONTROLS in grant.verbs:
        switching = [statement("ReadControls", READ_CONTROLS), statement("SwitchControls", SWITCH_CONTROLS)]
        for pattern in grant.disable_controls.role_names:
            for account in grant.accounts:
                name = _chosen(pattern, CONTROLS)
                yield _Wanted(RoleKind.MEMBER, "/", name, account, switching, external_id)
    if Verb.REMEDIATE in grant.verbs and grant.remediation.max_mode is not None:
        for pattern in grant.remediation.role_names:
            for account in grant.accounts:
                name = _chosen(pattern, REMEDIATION)
                yield _Wanted(RoleKind.MEMBER, "/", name, account, _member_statements(grant), external_id)


def _of_output(output: CloudWatchOutput, of_hubs: AbstractSet[tuple[str, str]]) -> Iterable[_Wanted]:
    """Return what an output wants; nothing where it is the operator itself. A role may be a hub's, too."""
    if output.role_arn is not None:
        account, path, name = account_and_name(output.role_arn)
        kind = RoleKind.HUB if (account, name) in of_hubs else RoleKind.OUTPUT
        yield _Wanted(kind, path, name, account, [_putting(output)], None)


def _putting(output: CloudWatchOutput) -> Statement:
    return Statement("PutMetrics", PUT_METRICS, metric_namespaces=(output.metric_namespace,))


def _keeping(snapshots: Snapshots, arn: str) -> list[Statement]:
    """Return what `arn` must be allowed to keep snapshots; nothing where they are kept in a directory."""
    if snapshots.bucket is None:
        return []
    partition, _, _ = _parts(arn)
    return of_snapshots(snapshots.bucket, snapshots.path, snapshots.kms_key_id, partition)


def _hub_statements(grant: Grant) -> list[Statement]:
    found = [
        statement("ReadSecurityHub", READ_HUB),
        Statement("ReadOrganization", READ_ORGANIZATION),
    ]
    if grant.queues:
        found.append(Statement("ReadEvents", READ_QUEUE, tuple(sorted(set(grant.queues)))))
    remediates = Verb.REMEDIATE in grant.verbs
    if remediates:
        found.append(statement("ReadHistory", READ_HISTORY))
    if _changes_findings(grant):
        found.append(statement("ChangeFindings", CHANGE_FINDINGS))
    return found


def _simulating(grant: Grant, arn: str) -> list[Statement]:
    """Let a role ask whether it may change findings, where it is to."""
    return [Statement("CheckOwnRights", (SIMULATE,), (arn,))] if _changes_findings(grant) else []


def _changes_findings(grant: Grant) -> bool:
    return Verb.SUPPRESS in grant.verbs or (Verb.REMEDIATE in grant.verbs and _enforces(grant))


def _member_statements(grant: Grant) -> list[Statement]:
    writes = _enforces(grant)
    partitions = sorted({_parts(arn)[0] for arn in grant.role_arns} or {COMMERCIAL})
    documents = [each.name for each in grant.remediation.documents]
    found = of_builtins(_granted(grant), writes=writes)
    if documents:
        # What a document is run on is read as for the builtin actions of its type.
        found += of_builtins(witnesses(), writes=False)
    for partition in partitions:
        found += of_documents(documents, partition, writes=writes)
    return found


def _granted(grant: Grant) -> list[Action]:
    globs = grant.remediation.builtins
    return [
        each for name, each in builtin_actions().items() if any(fnmatchcase(name, glob) for glob in globs)
    ]


def _enforces(grant: Grant) -> bool:
    return grant.remediation.max_mode is Mode.ENFORCE


def _merged(kind: RoleKind, wanted: Sequence[_Wanted]) -> IamRole:
    first = wanted[0]
    ids = {each.external_id for each in wanted}
    return IamRole(
        kind,
        first.path,
        first.name,
        tuple(dict.fromkeys(each.account for each in wanted)),
        _together(statement for each in wanted for statement in each.statements),
        # One grant that sends none would be refused by a role that asks for one.
        () if None in ids else tuple(sorted(each for each in ids if each is not None)),
    )


def _together(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Merge statements of one name: all their actions, on all their resources."""
    found: dict[str, Statement] = {}
    for each in statements:
        known = found.get(each.sid, each)
        found[each.sid] = Statement(
            each.sid,
            tuple(sorted({*known.actions, *each.actions})),
            tuple(sorted({*known.resources, *each.resources})),
            tuple(sorted({*known.metric_namespaces, *each.metric_namespaces})),
        )
    return tuple(found.values())


def _operator(
    arn: str,
    grants: Sequence[Grant],
    others: Sequence[IamRole],
    outputs: Sequence[CloudWatchOutput],
    reading: Sequence[Statement],
) -> IamRole:
    account, path, name = account_and_name(arn)
    partitions = sorted({_parts(each)[0] for each in _named(grants, outputs)} or {_parts(arn)[0]})
    assumed = sorted(
        {
            role_arn(partition, where, each.name, each.path)
            for partition in partitions
            for each in others
            for where in each.accounts
        }
    )
    statements = [Statement("AssumeRoles", ("sts:AssumeRole",), tuple(assumed))] if assumed else []
    ambient = [
        each
        for grant in grants
        if grant.ambient_identity
        for each in (*_hub_statements(grant), *reading, *_simulating(grant, arn))
    ]
    ambient += [_putting(output) for output in outputs if output.role_arn is None]
    return IamRole(RoleKind.OPERATOR, path, name, (account,), (*statements, *_together(ambient)))


def _parts(arn: str) -> tuple[str, str, str]:
    """Return partition, account and path with name of a role's ARN or of a glob over such."""
    parts = role_parts(arn)
    if parts is None:
        raise NoOperatorRole(f"{arn!r} is not the ARN of a role: write arn:aws:iam::111122223333:role/NAME")
    return parts


def _path_and_name(resource: str) -> tuple[str, str]:
    path, _, name = resource.rpartition("/")
    return f"/{path}/" if path else "/", name


def _chosen(pattern: str, usual: str) -> str:
    """Return a name that a glob lets through: the usual one if it does, else the glob without its stars."""
    path, slash, name = pattern.rpartition("/")
    if not set("*?") & set(pattern):
        return pattern
    fitting = (
        usual if fnmatchcase(usual, name) else name.replace("*", "").replace("?", "x").strip("-") or usual
    )
    plain = "/".join(part for part in path.replace("*", "").replace("?", "x").split("/") if part)
    return f"{plain}{slash if plain else ''}{fitting}"


def external_id_names(found: Iterable[IamRole]) -> Mapping[int, str]:
    """Name each external id that is asked for, as a parameter of a template."""
    numbers = sorted({number for each in found for number in each.external_ids})
    return {number: f"ExternalIdOfGrant{number}" for number in numbers}
