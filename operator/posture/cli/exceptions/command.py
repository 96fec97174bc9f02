"""`posture exceptions`: the register of exceptions, for auditors."""

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from posture import logs
from posture.api.conditions import Trouble
from posture.api.resource import InvalidObject, parse
from posture.api.targets.kind import PostureTarget
from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Usage
from posture.aws.client.sessions import Sessions
from posture.cli.exceptions.hubs import Hubs
from posture.cli.exceptions.text import (
    register_as_csv,
    register_as_json,
    register_as_markdown,
    register_as_table,
)
from posture.cli.terminal import (
    complain,
    config_option,
    context_option,
    namespace_option,
    output_option,
    show,
)
from posture.config.file import ConfigError, load
from posture.config.model import Config
from posture.domain.exceptions.policy import namespace_of
from posture.domain.text import counted
from posture.domain.time import instant_of
from posture.kube.client import connect
from posture.kube.connection import NoCluster
from posture.kube.errors import KubeError
from posture.kube.resources import POSTURE_TARGETS, SUPPRESSION_POLICIES, Object, name_of
from posture.reconcile.access import Admitted, NotAdmitted
from posture.reconcile.member_roles import AccountRegion
from posture.reconcile.scope import chosen_standards, view_of
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.register import (
    MISSING,
    NOT_READ,
    RegisteredException,
    control_entries,
    controls_from_status,
    entries,
    from_status,
)

_FORMATS = {
    "table": register_as_table,
    "csv": register_as_csv,
    "markdown": register_as_markdown,
    "json": register_as_json,
}


class Register(NamedTuple):
    """Entries, and why some of them are only as the status of policies tells."""

    entries: Sequence[RegisteredException]
    problems: Sequence[str]


@click.command()
@click.option("--target", help="Of this PostureTarget only. Default: of all.")
@namespace_option("Of targets in this namespace only. Default: of all namespaces.")
@context_option
@output_option(*_FORMATS)
@config_option("The operator's configuration file, for the external ids of roles.")
def exceptions(
    *, target: str | None, namespace: str | None, context: str | None, form: str, config: Path | None
) -> None:
    """Print every exception: by which policy, why, who approved it, until when; and what has no policy.

    Policies come from the cluster, findings and controls from Security Hub, with the AWS credentials at hand,
    each target's role, and the roles of policies that turn controls off. Where Security Hub cannot be read,
    what the policies' status says is printed, and the command ends with 1.
    """
    logs.configure("console", "error")
    logging.captureWarnings(capture=True)
    try:
        settings = Config() if config is None else load(config)
        register = asyncio.run(_register(target, namespace, context, settings))
    except (ConfigError, KubeError, NoCluster) as error:
        complain(error)
        sys.exit(1)
    show(_FORMATS[form](register.entries))
    for problem in register.problems:
        complain(problem)
    if register.problems:
        sys.exit(1)


async def _register(
    target: str | None, namespace: str | None, context: str | None, config: Config
) -> Register:
    namespaces = None if namespace is None else [namespace]
    async with connect(context=context) as client:
        targets = await client.list_objects(POSTURE_TARGETS, namespaces)
        policies = await client.list_objects(SUPPRESSION_POLICIES, namespaces)
    wanted = [each for each in targets if target in {None, each["metadata"]["name"]}]
    problems = [] if wanted else [f"there is no PostureTarget {target or ''}".rstrip()]
    now = instant_of(datetime.now(UTC))
    found: list[RegisteredException] = []
    async with Sessions(Usage()) as sessions:
        hubs = Hubs(sessions, config)
        admissions = {name_of(each): (each, _seen(each, hubs)) for each in targets}
        declared = {name_of(each): declare_policy(each, admissions, config, now) for each in policies}
        for name in map(name_of, wanted):
            _, admission = admissions[name]
            try:
                register = await _of_target(name, admission, declared, hubs)
            except AwsError as error:
                register = _from_status(name, declared, now, f"{error}")
            found += register.entries
            problems += register.problems
    return Register([_told(each, namespace) for each in found], problems)


def _told(entry: RegisteredException, namespace: str | None) -> RegisteredException:
    """Take no policy for missing that is in a namespace of which none were listed."""
    if entry.state == MISSING and namespace not in {None, namespace_of(entry.policy)}:
        return entry._replace(state=NOT_READ)
    return entry


def _seen(document: Object, hubs: Hubs) -> Admitted | NotAdmitted:
    """Return a target that an auditor may look at whatever the operator is granted."""
    try:
        target = parse(PostureTarget, document)
    except InvalidObject as error:
        return NotAdmitted(None, Trouble("InvalidSpec", f"{error}"))
    return Admitted(target, hubs.key_of(target), ("*",))


async def _of_target(
    name: str, admission: Admitted | NotAdmitted, declared: Mapping[str, Declared], hubs: Hubs
) -> Register:
    if isinstance(admission, NotAdmitted):
        return _from_status(name, declared, instant_of(datetime.now(UTC)), admission.trouble.message)
    hub = await hubs.read(admission.hub)
    chosen = chosen_standards(admission.target.spec, hub.facts)
    view = view_of(admission, hub.facts, hub.controls, chosen.all)
    own = [each for each in declared.values() if each.scope == name]
    looked, errors = await hubs.look(admission.hub, own)
    found = entries(name, hub.suppressed, view, declared, hub.now)
    found += control_entries(name, looked, declared, hub.now, view)
    return Register(found, [_unread(name, errors)] if errors else [])


def _from_status(name: str, declared: Mapping[str, Declared], now: int, why: str) -> Register:
    found = from_status(name, declared, now) + controls_from_status(name, declared, now)
    return Register(found, [f"{name}: counts are those of the policies' status: {why}"])


def _unread(name: str, errors: Mapping[AccountRegion, AwsError]) -> str:
    first = min(errors)
    where = counted(len(errors), "account and Region", "accounts and Regions")
    return (
        f"{name}: what is off in {where} is what the policies' status says:"
        f" {first.account_id} in {first.region}: {errors[first]}"
    )
