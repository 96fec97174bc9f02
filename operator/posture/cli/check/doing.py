"""Doing what `posture check` asks for: asking in order, printing what was found."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import NamedTuple

from posture import logs
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Sessions
from posture.cli import output
from posture.cli.check.cluster import ClusterRead, check_cluster, unreachable
from posture.cli.check.configuration import judge_owner, read_configuration
from posture.cli.check.result import CheckResult, as_lines, document_of, is_failed
from posture.cli.check.targets import check_targets
from posture.cli.terminal import complain, show
from posture.config.model import Config
from posture.kube.client import connect
from posture.kube.connection import NoCluster, pod_namespace
from posture.remediation.member import Aws

_WITHIN = 10.0
"""Seconds for a request to the API server."""


class CheckOptions(NamedTuple):
    """What is to be checked. `namespaces`: none are all of them."""

    targets: tuple[str, ...]
    config: Path | None
    namespaces: tuple[str, ...]
    lease_namespace: str | None
    context: str | None


def print_checks(asked: CheckOptions, form: str) -> None:
    """Check and print; ends with 1 where something that is needed does not work."""
    logs.configure("console", "critical")
    logging.captureWarnings(capture=True)
    results = asyncio.run(_checked(asked))
    if form == "table":
        show(as_lines(results))
    else:
        documents = [document_of(each) for each in results]
        show(output.as_json(documents) if form == "json" else output.as_yaml(documents))
    if is_failed(results):
        sys.exit(1)


async def _checked(asked: CheckOptions) -> list[CheckResult]:
    cluster = await _cluster(asked)
    read = read_configuration(asked.config)
    share = (read.config or Config()).quota_share
    usage = Usage()
    async with Sessions(usage) as sessions:
        aws = Aws(sessions, Limiters(share), usage)
        return [
            *cluster.results,
            read.verdict.named("configuration"),
            judge_owner(read.config, cluster.owner).named("owner"),
            *await check_targets(cluster.declared, read, asked.targets, aws, _tell),
        ]


def _tell(says: str) -> None:
    """Say to a person who waits what is being done."""
    if sys.stderr.isatty():
        complain(says)


async def _cluster(asked: CheckOptions) -> ClusterRead:
    namespaces = asked.namespaces or None
    try:
        async with connect(within=_WITHIN, context=asked.context) as client:
            return await check_cluster(client, namespaces, asked.lease_namespace or pod_namespace())
    except NoCluster as error:
        return unreachable(str(error))
