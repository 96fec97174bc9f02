"""The targets that are declared: each its grant, its hub, and what is declared for it needs in AWS."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.client.sessions import Identity
from posture.aws.config.client import AggregatorClient
from posture.cli.check import setup
from posture.cli.check.asking import simulate
from posture.cli.check.cluster import ListedObjects
from posture.cli.check.configuration import ConfigurationRead, Looking, look_at
from posture.cli.check.hub import FACT_CHECKS, HUB_CHECKS, CheckedHub, judgement_of, read_hub
from posture.cli.check.member_roles import check_member_roles
from posture.cli.check.result import (
    CheckResult,
    CheckStatus,
    Judgement,
    failed,
    ok,
    optional_call_failed,
    unknown,
    warning,
)
from posture.domain.findings import CheckSource
from posture.domain.grants import Mode, Verb
from posture.domain.text import counted
from posture.hubs.demand import HubKey
from posture.kube.resources import Object, name_of
from posture.remediation.member import Aws
from posture.sources.config.cloud import chosen_aggregator
from posture.sources.config.reading import is_read

_WRITE = "securityhub:BatchUpdateFindings"
_ALLOWED = "allowed"
_AT_ONCE = 8
_NAMED_SOURCES = 3


class _Wanted(NamedTuple):
    found: list[Object]
    missing: list[str]


async def check_targets(
    declared: ListedObjects,
    read: ConfigurationRead,
    asked: Sequence[str],
    aws: Aws,
    tell: Callable[[str], None],
) -> list[CheckResult]:
    """Check each target that is asked for, or all; a hub that several look at is read once.

    `tell` is told of what takes long.
    """
    if declared.targets is None:
        return [unknown(f"which there are is not known: {declared.why}").named("targets")]
    wanted = _chosen(declared.targets, asked)
    if wanted.missing:
        names = ", ".join(wanted.missing)
        results = [
            failed(f"there is no PostureTarget {names}", "apply it, or correct the name").named("targets")
        ]
    elif not wanted.found:
        return [warning("there are no PostureTargets: nothing is scored", "apply one").named("targets")]
    else:
        results = [ok(f"checked: {', '.join(map(name_of, wanted.found))}").named("targets")]
    looked = [(name_of(each), look_at(each, read)) for each in wanted.found]
    hubs = await _read_hubs([each for _, each in looked], aws, tell)
    told: dict[HubKey, str] = {}
    statuses = {name_of(each): each.get("status") for each in wanted.found}
    for name, looking in looked:
        results.append(looking.verdict.named(f"{name}/grant"))
        if looking.hub is None:
            why = unknown("not asked: nothing is asked as an identity that is not known to be granted")
            results += [why.named(f"{name}/{check}") for check in (*HUB_CHECKS, "told", "standards")]
            continue
        hub, first = hubs[looking.hub], told.setdefault(looking.hub, name)
        results += _of_hub(hub, HUB_CHECKS, name) if first == name else _shared(first, hub, name)
        results.append(setup.judge_told(statuses[name], hub.setup).named(f"{name}/told"))
        if looking.hub.source is CheckSource.CONFIG:
            results.append((await check_aggregator(looking.hub, aws)).named(f"{name}/aggregator"))
        else:
            results.append(_standards(looking, hub).named(f"{name}/standards"))
        results += _of_verdicts(await _verbs(looking, hub, aws), name)
        results += await check_member_roles(name, declared, looking, hub, aws)
        results += _of_hub(hub, FACT_CHECKS, name) if first == name else []
    return results


async def _read_hubs(
    looked: Sequence[Looking], aws: Aws, tell: Callable[[str], None]
) -> dict[HubKey, CheckedHub]:
    """Read each hub once, several at a time: one that does not answer takes half a minute to say so."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def read(key: HubKey) -> CheckedHub:
        async with turns:
            return await read_hub(aws, key)

    keys = list(dict.fromkeys(each.hub for each in looked if each.hub is not None))
    tell(f"asking AWS about {counted(len(keys), 'Security Hub', 'Security Hubs')}")
    return dict(zip(keys, await asyncio.gather(*map(read, keys)), strict=True))


def _of_hub(hub: CheckedHub, checks: Sequence[str], name: str) -> list[CheckResult]:
    return [hub.verdicts[check].named(f"{name}/{check}") for check in checks]


def _of_verdicts(verdicts: Mapping[str, Judgement], name: str) -> list[CheckResult]:
    return [each.named(f"{name}/{check}") for check, each in verdicts.items()]


def _chosen(targets: Sequence[Object], asked: Sequence[str]) -> _Wanted:
    """Choose by NAME, in any namespace, or NAMESPACE/NAME; without names all."""
    ordered = sorted(targets, key=name_of)
    if not asked:
        return _Wanted(ordered, [])
    found = [each for each in ordered if {name_of(each), each["metadata"]["name"]} & set(asked)]
    known = {name for each in found for name in (name_of(each), each["metadata"]["name"])}
    return _Wanted(found, [each for each in asked if each not in known])


def _shared(first: str, hub: CheckedHub, name: str) -> list[CheckResult]:
    """Tell of a hub that was told of before."""
    says = f"the same Security Hub as that of {first}, told there"
    bad = next((each for each in hub.verdicts.values() if each.status is CheckStatus.FAILED), None)
    verdict = ok(says) if bad is None else failed(f"{says}: {bad.message}", bad.advice)
    return [verdict.named(f"{name}/hub")]


def _standards(looking: Looking, hub: CheckedHub) -> Judgement:
    if hub.enabled is None or looking.target is None:
        return unknown(f"not asked: it depends on {hub.why_not}")
    source = looking.target.spec.source.security_standards
    return judgement_of(setup.judge_standards, hub.enabled, () if source is None else source.standards)


async def _verbs(looking: Looking, hub: CheckedHub, aws: Aws) -> Mapping[str, Judgement]:
    """Check what the granted verbs need of the hub's role; nothing is written."""
    grant = looking.grant
    if grant is None:
        return {}
    remediates = grant.why_not(Verb.REMEDIATE) is None
    enforces = any(each.remediation.max_mode is Mode.ENFORCE for each in grant.grants)
    checks: dict[str, Judgement] = {}
    if grant.why_not(Verb.SUPPRESS) is None or (remediates and enforces):
        checks["update-findings"] = await _may_update(hub, aws)
    if remediates:
        checks["finding-history"] = await _may_read_history(hub)
    return checks


async def _may_update(hub: CheckedHub, aws: Aws) -> Judgement:
    if hub.enabled is None:
        return unknown(f"not asked: it depends on {hub.why_not}")
    identity = hub.calls.identity
    return judgement_of(
        judge_simulation,
        await simulate(aws, identity, _WRITE),
        identity.role_arn or "this process's identity",
    )


def judge_simulation(answer: setup.Answer, who: str) -> Judgement:
    """Tell from SimulatePrincipalPolicy whether an identity may change findings."""
    if isinstance(answer, AwsError):
        status, message, _ = optional_call_failed(answer)
        advice = f"allow iam:SimulatePrincipalPolicy on {who} to itself, or compare it with `posture iam`"
        return Judgement(status, f"whether {_WRITE} is allowed is not known: {message}", advice)
    decisions = {str(each.get("EvalDecision")) for each in answer.get("EvaluationResults", ())}
    if not decisions:
        return unknown(f"whether {_WRITE} is allowed is not known: IAM gave no decision")
    if decisions == {_ALLOWED}:
        return ok(f"{who} may {_WRITE}, as IAM's policies say")
    return failed(
        f"{who} may not {_WRITE}: {', '.join(sorted(decisions))}",
        "allow it, as `posture iam` prints: policies and rules cannot change findings without it",
    )


async def _may_read_history(hub: CheckedHub) -> Judgement:
    if hub.finding is None:
        return unknown("not asked: there is no finding whose history could be read")
    answer = await hub.calls.history(hub.finding, hub.calls.now())
    return (
        optional_call_failed(answer)
        if isinstance(answer, AwsError)
        else ok("the history of findings can be read")
    )


async def check_aggregator(key: HubKey, aws: Aws) -> Judgement:
    """Look for the aggregator of a hub, and how the last updates of its sources went."""
    identity = Identity(key.role_arn, key.external_id, key.region)
    config = AggregatorClient(aws.sessions, identity, aws.limiters, aws.usage)
    try:
        found = await chosen_aggregator(config, key.aggregator)
        statuses = await config.source_statuses(found.name)
    except AwsError as error:
        return failed(f"{error.operation}: {error.code}: {error.message}", error.advice or "see the message")
    late = [each for each in statuses if not is_read(each)]
    if late:
        named = "; ".join(
            f"{each.source_id} in {each.aws_region or 'all Regions'}: {each.last_update_status}"
            f" {each.last_error_code or ''}".rstrip()
            for each in late[:_NAMED_SOURCES]
        )
        return warning(
            f"{found.name}: {len(late)} of {counted(len(statuses), 'source', 'sources')} are not up to date,"
            f" such as {named}",
            "mend these sources in AWS Config, or leave their accounts out by spec.accounts.exclude",
        )
    return ok(f"{found.name}: {counted(len(statuses), 'source is', 'sources are')} up to date")
