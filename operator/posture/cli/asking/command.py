"""`posture sync`, `posture suspend` and `posture resume`: their options; `doing` is what they do."""

from typing import NamedTuple

import click

from posture.api.durations import Duration
from posture.cli.terminal import Length, context_option, namespace_option

# As the kinds say themselves, which takes long to load for a help text.
SUSPENDED = {
    "PostureTarget": ("posturetarget", "posturetargets", "pt"),
    "SuppressionPolicy": ("suppressionpolicy", "suppressionpolicies", "spol"),
    "RemediationRule": ("remediationrule", "remediationrules", "rrule"),
}
"""The kinds that can be suspended, and how kubectl calls them."""
_CALLED = {name: kind for kind, names in SUSPENDED.items() for name in names}


class Suspended(NamedTuple):
    """An object of a kind that can be suspended; `name` may be namespace/name."""

    kind: str
    name: str


class SuspendedObject(click.ParamType[Suspended]):
    """KIND/NAME, of which KIND is called as kubectl calls it."""

    name = "KIND/NAME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Suspended:
        """Give the object, or refuse what names none."""
        kind, _, name = str(value).partition("/")
        known = _CALLED.get(kind.lower().removesuffix(".posture.dev"))
        if known is None or not name:
            called = ", ".join(names[0] for names in SUSPENDED.values())
            self.fail(f"{value!r} is not KIND/NAME: write {called} before the /", param, ctx)
        return Suspended(known, name)


_namespace = namespace_option("Namespace of the object. Default: that of the context.")


@click.command()
@click.argument("target")
@_namespace
@context_option
@click.option("--wait", is_flag=True, help="Wait until that run has ended.")
@click.option(
    "--timeout",
    type=Length(),
    default="10m",
    show_default=True,
    help="How long to wait; then it ends with 124.",
)
def sync(*, target: str, namespace: str | None, context: str | None, wait: bool, timeout: Duration) -> None:
    """Have a target read what has changed in Security Hub at once, and not only at its next interval.

    TARGET may be NAMESPACE/NAME. With --wait the score is printed, and it ends with 1 where the run has come
    to nothing. Targets of several namespaces that share a Security Hub may have to wait for each other.

    \b
    posture sync organization -n security
    posture sync security/organization --wait --timeout 2m
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.asking.syncing import request_run

    request_run(target, namespace, context, timeout if wait else None)


@click.command()
@click.argument("objects", nargs=-1, required=True, type=SuspendedObject(), metavar="KIND/NAME…")
@_namespace
@context_option
def suspend(*, objects: tuple[Suspended, ...], namespace: str | None, context: str | None) -> None:
    """Suspend targets, policies or rules: what they did stays, nothing new is done.

    A policy that is suspended still ends when it expires or is deleted, and a suspended target keeps its last
    score with its time. Where manifests come from Git, the next synchronisation may undo this.

    \b
    posture suspend suppressionpolicy/logs -n security
    posture suspend pt/security/organization rrule/security/open-ports
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.asking.suspending import set_suspended

    set_suspended(objects, namespace, context, suspended=True)


@click.command()
@click.argument("objects", nargs=-1, required=True, type=SuspendedObject(), metavar="KIND/NAME…")
@_namespace
@context_option
def resume(*, objects: tuple[Suspended, ...], namespace: str | None, context: str | None) -> None:
    """Have targets, policies or rules that are suspended go on.

    \b
    posture resume suppressionpolicy/logs -n security
    """  # noqa: D301 - \b is click's: these lines stay as they are
    from posture.cli.asking.suspending import set_suspended

    set_suspended(objects, namespace, context, suspended=False)
