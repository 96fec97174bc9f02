"""`posture remediations`, `posture approve` and `posture undo`: their options; `doing` is what they do."""

import click

from posture.cli.output import LISTED
from posture.cli.terminal import context_option, namespace_option, output_option
from posture.domain.remediation.journal import State


@click.command()
@click.option("--rule", help="Of this RemediationRule only.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([each.value for each in State], case_sensitive=False),
    help="In this state only (repeatable).",
)
@namespace_option("Of this namespace only. Default: of all namespaces.")
@context_option
@output_option(*LISTED)
def remediations(
    *, rule: str | None, states: tuple[str, ...], namespace: str | None, context: str | None, form: str
) -> None:
    """Print the journal of remediations, the newest first.

    \b
    posture remediations -n security --state AwaitingApproval
    posture remediations --rule open-ports -o wide
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.remediations.doing import print_journal

    print_journal(context, namespace, rule, states, form)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@namespace_option("Namespace of the remediations. Default: that of the context.")
@context_option
@click.option(
    "--yes", "-y", is_flag=True, help="Do not ask before each. Without a terminal nothing is asked."
)
def approve(*, names: tuple[str, ...], namespace: str | None, context: str | None, yes: bool) -> None:
    """Approve remediations that wait for it, exactly the plan that is shown, in your own name.

    Nothing is approved where a remediation has changed since it was shown. NAME may be NAMESPACE/NAME.

    \b
    posture remediations -n security --state AwaitingApproval
    posture approve -n security remediation-0c1d…
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.remediations.doing import approve_each

    approve_each(names, context, namespace, yes=yes)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@namespace_option("Namespace of the remediations. Default: that of the context.")
@context_option
@click.option(
    "--yes", "-y", is_flag=True, help="Do not ask before each. Without a terminal nothing is asked."
)
def undo(*, names: tuple[str, ...], namespace: str | None, context: str | None, yes: bool) -> None:
    """Put back what remediations wrote, or call off those that wait for an approval.

    What was there before is restored only while what is there now is still what was written. This cannot be
    taken back, and the rule leaves the resource alone for as long as its remediation is there. NAME may be
    NAMESPACE/NAME.

    \b
    posture undo -n security remediation-0c1d…
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.remediations.doing import undo_each

    undo_each(names, context, namespace, yes=yes)
