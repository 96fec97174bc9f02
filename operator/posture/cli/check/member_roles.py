"""Roles in the accounts of members, which policies and rules name: each is assumed, and no more."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.client.sessions import Identity
from posture.cli.check.cluster import ListedObjects
from posture.cli.check.configuration import Looking
from posture.cli.check.hub import CheckedHub
from posture.cli.check.result import CheckResult, Judgement, failed, ok, unknown
from posture.domain.arns import partition_of_region, role_arn
from posture.domain.grants import (
    AskedDocument,
    Builtin,
    IdentityGrant,
    Mode,
    NotGranted,
    Verb,
)
from posture.domain.selection.selectors import globs
from posture.domain.text import counted
from posture.kube.resources import Object, target_name_of
from posture.remediation.member import Aws

MOST = 20
"""Accounts in which a role is tried: in an organization of thousands it is the same role everywhere."""
_SHOWN = 3


class Named(NamedTuple):
    """A role that an object names. `accounts`: globs of those that are meant."""

    role_name: str
    verb: Verb
    accounts: tuple[str, ...]
    action: Builtin | AskedDocument | None = None
    mode: Mode = Mode.DRY_RUN

    def why_not(self, grant: IdentityGrant, account_id: str) -> NotGranted | None:
        """Say why the role may not be used in an account; None: it is granted."""
        if self.action is None:
            return grant.why_not_disable_controls(account_id, self.role_name)
        return grant.why_not_remediate(account_id, self.role_name, self.mode, self.action)


async def check_member_roles(
    name: str, declared: ListedObjects, looking: Looking, hub: CheckedHub, aws: Aws
) -> list[CheckResult]:
    """Check each role that policies and rules of a target (namespace/name) name."""
    found: dict[str, list[Named]] = {}
    for listed, read in ((declared.policies, of_policy), (declared.rules, of_rule)):
        for document in listed or ():
            if target_name_of(document) == name and (named := read(document)) is not None:
                found.setdefault(named.role_name, []).append(named)
    return [
        (await _check(named, looking, hub, aws)).named(f"{name}/member-role/{role_name}")
        for role_name, named in sorted(found.items())
    ]


def of_policy(document: Object) -> Named | None:
    """Return the role of a SuppressionPolicy that turns controls off; None for any other."""
    spec = document["spec"].get("disableControls")
    if spec is None:
        return None
    return Named(spec.get("roleName", "posture-controls"), Verb.DISABLE_CONTROLS, tuple(spec["accounts"]))


def of_rule(document: Object) -> Named | None:
    """Return the role of a RemediationRule; None where its action cannot be read."""
    spec = document["spec"]
    builtin, automation = spec["action"].get("builtin"), spec["action"].get("ssmAutomation")
    if builtin is None and automation is None:
        return None
    action = AskedDocument(automation["document"]) if builtin is None else Builtin(builtin["name"])
    role_name = (spec.get("identity") or {}).get("roleName", "posture-remediation")
    return Named(role_name, Verb.REMEDIATE, ("*",), action, Mode(spec.get("mode", Mode.DRY_RUN)))


async def _check(named: Sequence[Named], looking: Looking, hub: CheckedHub, aws: Aws) -> Judgement:
    grant = looking.grant
    if grant is None:
        return unknown("not assumed: what is granted, and with which external id, is not known")
    if hub.enabled is None:
        return unknown(f"not assumed: it depends on {hub.why_not}")
    if hub.accounts is None:
        return unknown("not assumed: the accounts of this Security Hub may not be listed")
    granted = sorted(_granted(named, grant, hub.accounts))
    if not granted:
        refusal = next((why for each in named if (why := _refusal(each, grant, hub.accounts))), None)
        if refusal is None:
            return unknown("not assumed: no account of this Security Hub is meant")
        return failed(f"{refusal.reason}: the {refusal.message}", refusal.advice)
    tried = granted[:MOST]
    answers = await asyncio.gather(*(_assume(named[0], account_id, grant, hub, aws) for account_id in tried))
    errors = [
        (account_id, error) for account_id, error in zip(tried, answers, strict=True) if error is not None
    ]
    many = counted(len(granted), "account", "accounts")
    where = f"in {many}" if tried == granted else f"in the first {len(tried)} of {many}"
    if not errors:
        return ok(f"it can be assumed {where}")
    some = "; ".join(f"{account_id}: {error.code}: {error.message}" for account_id, error in errors[:_SHOWN])
    return failed(f"{where} it cannot be assumed in {len(errors)}: {some}", errors[0][1].advice)


def _granted(named: Sequence[Named], grant: IdentityGrant, accounts: frozenset[str]) -> Iterator[str]:
    for account_id in accounts:
        if any(
            globs(each.accounts)(account_id) and each.why_not(grant, account_id) is None for each in named
        ):
            yield account_id


def _refusal(named: Named, grant: IdentityGrant, accounts: frozenset[str]) -> NotGranted | None:
    meant = sorted(filter(globs(named.accounts), accounts))
    return named.why_not(grant, meant[0]) if meant else None


async def _assume(
    named: Named, account_id: str, grant: IdentityGrant, hub: CheckedHub, aws: Aws
) -> AwsError | None:
    region = hub.calls.identity.region
    arn = role_arn(partition_of_region(region), account_id, named.role_name)
    try:
        await aws.sessions.account(Identity(arn, grant.external_id_in(account_id, named.verb), region))
    except AwsError as error:
        return error
    return None
