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
from posture.admission import Admitted
from posture.api.posture_target import PostureTarget
from posture.api.resource import InvalidObject, parse
from posture.aws.discovery import HubFacts
from posture.aws.errors import AwsError
from posture.aws.limiter import Limiters
from posture.aws.securityhub import SecurityHub
from posture.aws.sessions import Identity, Sessions
from posture.aws.usage import Usage
from posture.cli.exceptions_text import as_csv, as_json, as_markdown, as_table
from posture.config import Config, ConfigError, load
from posture.domain.controls import Controls
from posture.domain.findings import Finding
from posture.domain.grants import NotGranted, may_use_identity
from posture.hubs.key import HubKey
from posture.kube.client import connect
from posture.kube.connection import NoCluster
from posture.kube.errors import KubeError
from posture.kube.resources import POSTURE_TARGETS, SUPPRESSION_POLICIES, Object
from posture.suppression.declared import Declared, declare, microseconds, name_of
from posture.suppression.register import Entry, entries, from_status
from posture.target_view import chosen_standards, view_of

_FORMATS = {"table": as_table, "csv": as_csv, "markdown": as_markdown, "json": as_json}
_SUPPRESSED = {
    "WorkflowStatus": [{"Comparison": "EQUALS", "Value": "SUPPRESSED"}],
    "RecordState": [{"Comparison": "EQUALS", "Value": "ACTIVE"}],
}


class Register(NamedTuple):
    """The entries, and why some of them are only as the status of policies tells."""

    entries: Sequence[Entry]
    problems: Sequence[str]


@click.command()
@click.option("--target", help="Of this PostureTarget only. Default: of all.")
@click.option("--namespace", "-n", help="Of targets in this namespace only. Default: of all namespaces.")
@click.option(
    "--output", "-o", type=click.Choice(list(_FORMATS)), default="table", show_default=True, help="As what."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="POSTURE_CONFIG",
    help="The operator's configuration file, for the external ids of roles.",
)
def exceptions(*, target: str | None, namespace: str | None, output: str, config: Path | None) -> None:
    """Print what is suppressed: by which policy, why, who approved it, until when; and what has no policy.

    Policies come from the cluster, findings from Security Hub, with the AWS credentials at hand and each
    target's role. Where Security Hub cannot be read, what the policies' status says is printed, and the
    command ends with 1.
    """
    logs.configure("console", "error")
    logging.captureWarnings(capture=True)
    try:
        settings = Config() if config is None else load(config)
        register = asyncio.run(_register(target, namespace, settings))
    except (ConfigError, KubeError, NoCluster) as error:
        click.echo(f"posture: {error}", err=True)
        sys.exit(1)
    click.echo(_FORMATS[output](register.entries), nl=False)
    for problem in register.problems:
        click.echo(f"posture: {problem}", err=True)
    if register.problems:
        sys.exit(1)


async def _register(target: str | None, namespace: str | None, config: Config) -> Register:
    namespaces = None if namespace is None else [namespace]
    async with connect() as client:
        targets = await client.list_objects(POSTURE_TARGETS, namespaces)
        policies = await client.list_objects(SUPPRESSION_POLICIES, namespaces)
    wanted = [each for each in targets if target in {None, each["metadata"]["name"]}]
    now = microseconds(datetime.now(UTC))
    declared = {name_of(each): declare(each, {}, config, now) for each in policies}
    found: list[Entry] = []
    problems = [] if wanted else [f"there is no PostureTarget {target or ''}".rstrip()]
    async with Sessions(Usage()) as sessions:
        hubs = _Hubs(sessions, config)
        for document in wanted:
            try:
                found += await _of_target(document, declared, hubs)
            except (AwsError, InvalidObject) as error:
                problems.append(f"{name_of(document)}: counts are those of the policies' status: {error}")
                found += from_status(name_of(document), declared, now)
    return Register(found, problems)


async def _of_target(document: Object, declared: Mapping[str, Declared], hubs: "_Hubs") -> list[Entry]:
    target = parse(PostureTarget, document)
    key = hubs.key_of(target)
    facts, findings, now = await hubs.read(key)
    controls = Controls({standard.name: standard for standard in facts.standards})
    chosen = chosen_standards(target.spec, facts)
    view = view_of(Admitted(target, key, ("*",)), facts, controls, chosen.present)
    return entries(name_of(document), findings, view, declared, now)


class _Hubs:
    """What each hub has suppressed, read once, and the time (µs) then by its clock, as the operator's is."""

    def __init__(self, sessions: Sessions, config: Config) -> None:
        self._sessions = sessions
        self._config = config
        self._limiters = Limiters(config.quota_share)
        self._read: dict[HubKey, tuple[HubFacts, list[Finding], int]] = {}

    def key_of(self, target: PostureTarget) -> HubKey:
        role_arn = target.spec.aws.role_arn
        identity = may_use_identity(self._config.granted, target.metadata.namespace, role_arn)
        external_id = None if isinstance(identity, NotGranted) else identity.external_id
        return HubKey(role_arn, external_id, target.spec.aws.region)

    async def read(self, key: HubKey) -> tuple[HubFacts, list[Finding], int]:
        if key not in self._read:
            identity = Identity(key.role_arn, key.external_id, key.region)
            hub = SecurityHub(self._sessions, identity, self._limiters, Usage())
            facts = await hub.discover()
            self._read[key] = facts, await _suppressed(hub), hub.now()
        return self._read[key]


async def _suppressed(hub: SecurityHub) -> list[Finding]:
    page = await hub.get_findings(_SUPPRESSED)
    found = {(each.product_arn, each.id): each for each in page.findings}
    while page.next_token is not None:
        page = await hub.get_findings(_SUPPRESSED, next_token=page.next_token)
        found |= {(each.product_arn, each.id): each for each in page.findings}
    return list(found.values())
