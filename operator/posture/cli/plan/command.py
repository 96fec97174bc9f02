"""`posture plan`: its options; `doing` is what it does."""

from pathlib import Path

import click

from posture.api.durations import Duration
from posture.cli.terminal import (
    Length,
    config_option,
    context_option,
    filename_option,
    namespace_option,
    output_option,
)

FILES, CLUSTER = "files", "cluster"


@click.command()
@filename_option
@click.option(
    "--against",
    type=click.Choice((FILES, CLUSTER)),
    default=FILES,
    show_default=True,
    help="Files: nothing else is declared. Cluster: they are laid over what is declared there.",
)
@click.option("--live", is_flag=True, help="Read the resources that rules would touch, as their roles.")
@config_option(
    "The operator's configuration file. Default: all that is asked for is taken to be granted.",
    must_exist=True,
)
@namespace_option("Of objects that name none. Default: that of the context, or default.")
@context_option
@click.option(
    "--timeout", type=Length(), help="How long it may take; then it ends with 124. Default: no end."
)
@output_option("table", "json", "yaml", "markdown", "sarif")
def plan(
    *,
    paths: tuple[str, ...],
    against: str,
    live: bool,
    config: Path | None,
    namespace: str | None,
    context: str | None,
    timeout: Duration | None,
    form: str,
) -> None:
    """Say what manifests would do: what they suppress, reopen, turn off and remediate, and the scores.

    It does what the operator does, over Security Hub as it is now, and sends no write to AWS or to the
    cluster. Ends with 0 where nothing would be done, 3 where something would, 1 where that cannot be said.

    \b
    posture plan -f policies/
    posture plan -f policies/ --against cluster --live
    posture plan -f policies/ --config posture.yaml -o markdown > comment.md
    posture plan -f policies/ -o sarif > plan.sarif
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.plan.doing import PlanOptions, print_plan

    print_plan(PlanOptions(paths, against == CLUSTER, live, config, namespace, context, timeout), form)
