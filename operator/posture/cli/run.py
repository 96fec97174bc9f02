"""`posture run`: the operator itself."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Literal

import click

from posture import logs
from posture.cli.terminal import Namespace, complain, config_option, lease_namespace_option
from posture.config.file import ConfigError, ConfigFile
from posture.kube.connection import pod_namespace
from posture.process import CannotStart, Options, serve


class _Address(click.ParamType[tuple[str, int]]):
    name = "HOST:PORT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the highest port
            self.fail(f"{value!r} is not HOST:PORT, such as 0.0.0.0:8080 or :8080", param, ctx)
        return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - the pod's network is the boundary


@click.command()
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    type=Namespace(),
    envvar="POSTURE_NAMESPACE",
    show_envvar=True,
    help="Serve this namespace only (repeatable). Default: all.",
)
@config_option("The configuration file. Without one nothing is granted.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/var/lib/posture"),
    show_default=True,
    envvar="POSTURE_DATA_DIR",
    show_envvar=True,
    help="Where the stores are kept, one file a hub.",
)
@click.option(
    "--metrics-bind-address",
    type=_Address(),
    default="0.0.0.0:8080",
    show_default=True,
    envvar="POSTURE_METRICS_BIND_ADDRESS",
    show_envvar=True,
    help="Where /metrics, /healthz and /readyz are served.",
)
@click.option(
    "--log-format",
    type=click.Choice(["json", "console"]),
    default="json",
    show_default=True,
    envvar="POSTURE_LOG_FORMAT",
    show_envvar=True,
    help="How log lines are written.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="info",
    show_default=True,
    envvar="POSTURE_LOG_LEVEL",
    show_envvar=True,
    help="The least level that is logged.",
)
@click.option(
    "--identity",
    default=f"{socket.gethostname()}-{os.getpid()}",
    show_default="host name and process id",
    envvar="POSTURE_IDENTITY",
    show_envvar=True,
    help="The name of this replica in its leases.",
)
@lease_namespace_option("Where the leases are kept.")
def run(
    *,
    namespaces: tuple[str, ...],
    config: Path | None,
    data_dir: Path,
    metrics_bind_address: tuple[str, int],
    log_format: Literal["json", "console"],
    log_level: str,
    identity: str,
    lease_namespace: str | None,
) -> None:
    """Run the operator until SIGTERM."""
    logs.configure(log_format, log_level)
    try:
        options = Options(
            namespaces=namespaces,
            config=ConfigFile(config) if config else ConfigFile.nothing_granted(),
            data_dir=data_dir,
            metrics_bind_address=metrics_bind_address,
            identity=identity,
            lease_namespace=lease_namespace or pod_namespace(),
        )
        asyncio.run(serve(options))
    except (CannotStart, ConfigError) as error:
        complain(error)
        sys.exit(1)
