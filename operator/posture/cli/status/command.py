"""`posture status`: its options; `doing` is what it does."""

import click

from posture.cli.terminal import context_option, namespace_option, output_option


@click.command()
@click.argument("target", required=False)
@namespace_option("Of this namespace only. Default: of all namespaces.")
@context_option
@output_option("tree", "json", "yaml")
def status(*, target: str | None, namespace: str | None, context: str | None, form: str) -> None:
    """Print targets with their Security Hub, scores, policies and rules, and what is wrong with any of them.

    TARGET may be NAMESPACE/NAME. Ends with 1 where one of them is Stalled: somebody has to do something, and
    the message says what. Only the cluster is asked, not AWS.

    \b
    posture status
    posture status security/organization
    posture status -o json | jq '.[] | {name, score}'
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.status.doing import print_status

    print_status(target, namespace, context, form)
