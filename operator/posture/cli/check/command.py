"""`posture check`: its options; `doing` is what it does."""

from pathlib import Path

import click

from posture.cli.terminal import (
    Namespace,
    config_option,
    context_option,
    lease_namespace_option,
    output_option,
)


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@config_option("The operator's configuration file. Without one what is granted is not known.")
@click.option(
    "--namespace",
    "-n",
    "namespaces",
    multiple=True,
    type=Namespace(),
    envvar="POSTURE_NAMESPACE",
    show_envvar=True,
    help="Targets of this namespace only, and rights there (repeatable). Default: all.",
)
@lease_namespace_option("Where the operator's leases are kept.")
@context_option
@output_option("table", "json", "yaml")
def check(
    *,
    targets: tuple[str, ...],
    config: Path | None,
    namespaces: tuple[str, ...],
    lease_namespace: str | None,
    context: str | None,
    form: str,
) -> None:
    """Check everything between a pod and a score, in order, and say what to do about what is wrong.

    Kubernetes, CRDs and rights; the configuration; then for each TARGET (NAME or NAMESPACE/NAME; none: all)
    its grant, the AWS identity, its roles, its Security Hub and how that is set up, and whether the facts
    about AWS that this product takes for granted hold there. It reads, and changes nothing.

    It is about whoever runs it: in the operator's pod, as `helm test` runs it, about the operator. Ends with
    1 where something that is needed does not work; an imperfect set-up, or what could not be told, is told
    and ends with 0.

    \b
    posture check --config posture.yaml
    posture check --config posture.yaml security/organization -o json | jq '.[] | select(.status != "ok")'
    helm test posture -n posture --logs
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.check.doing import CheckOptions, print_checks

    print_checks(CheckOptions(targets, config, namespaces, lease_namespace, context), form)
