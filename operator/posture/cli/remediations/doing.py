"""Doing what `posture remediations`, `approve` and `undo` ask for: with the cluster, one after the other."""

import sys
from collections.abc import Awaitable, Callable, Sequence

import click

from posture.api.remediation import RemediationState
from posture.cli import output
from posture.cli.cluster import ask, said
from posture.cli.remediations.acting import (
    Declined,
    approved_by,
    ask_for_undo,
    check_can_be_undone,
    find,
    give_approval,
    is_to_be_undone,
    whoami,
)
from posture.cli.remediations.entry import (
    COLUMNS,
    WIDE,
    ShownEntry,
    document_of,
    plan_in_words,
    read,
    restored_by,
)
from posture.cli.terminal import complain, show
from posture.kube.client import KubeClient, connect
from posture.kube.errors import KubeError
from posture.kube.resources import REMEDIATIONS

_Act = Callable[[KubeClient, str, str], Awaitable[None]]


def print_journal(
    context: str | None, namespace: str | None, rule: str | None, states: Sequence[str], form: str
) -> None:
    """Print the entries of a rule (None: all) in some states (none: all)."""
    entries = ask(_listed(context, namespace))
    wanted = [document_of(each) for each in entries if _is_wanted(each, rule, states)]
    show(output.listed(wanted, form, columns=COLUMNS, wide=WIDE, document=dict))


def approve_each(names: Sequence[str], context: str | None, namespace: str | None, *, yes: bool) -> None:
    """Approve remediations; ends with 1 where one of them could not be."""

    async def act(client: KubeClient, place: str, name: str) -> None:
        by = await whoami(client)
        entry = await find(client, place, name)
        _show_plan(entry)
        if already := approved_by(entry):
            show(f"Approved already, by {already}.\n")
            return
        _confirm("Approve this plan?", yes=yes)
        await give_approval(client, entry, by)
        show(f"Approved as {by}.\n")

    _each(names, namespace, context, act)


def undo_each(names: Sequence[str], context: str | None, namespace: str | None, *, yes: bool) -> None:
    """Have remediations undone; ends with 1 where one of them could not be."""

    async def act(client: KubeClient, place: str, name: str) -> None:
        entry = await find(client, place, name)
        _show_plan(entry)
        if is_to_be_undone(entry):
            show(f"Asked for already: it is {entry.state}.\n")
            return
        check_can_be_undone(entry)
        calls_off = entry.state == RemediationState.AWAITING_APPROVAL
        if not calls_off and entry.remediation is not None:
            show(restored_by(entry.remediation))
        _confirm("Call it off?" if calls_off else "Put that back?", yes=yes)
        await ask_for_undo(client, entry)
        show(
            "Called off: nothing has been written.\n"
            if calls_off
            else "The operator puts it back. `posture remediations` shows when it has ended.\n"
        )

    _each(names, namespace, context, act)


async def _listed(context: str | None, namespace: str | None) -> list[ShownEntry]:
    async with connect(context=context) as client:
        objects = await client.list_objects(REMEDIATIONS, None if namespace is None else [namespace])
    objects.sort(key=lambda each: (each["metadata"].get("creationTimestamp", ""), each["metadata"]["name"]))
    return [read(each) for each in reversed(objects)]


def _is_wanted(entry: ShownEntry, rule: str | None, states: Sequence[str]) -> bool:
    of_rule = rule is None or entry.document["spec"].get("ruleRef", {}).get("name") == rule
    return of_rule and (not states or entry.state in states)


def _each(names: Sequence[str], namespace: str | None, context: str | None, act: _Act) -> None:
    """Do the same with each of the remediations; one that cannot be done does not keep the others from it."""

    async def run() -> bool:
        complete = True
        async with connect(context=context) as client:
            for given in names:
                place, _, name = given.rpartition("/")
                place = place or namespace or client.namespace
                try:
                    await act(client, place, name)
                except (Declined, KubeError) as error:
                    complain(f"{place}/{name}: {said(error)}")
                    complete = False
        return complete

    if not ask(run()):
        sys.exit(1)


def _show_plan(entry: ShownEntry) -> None:
    if entry.remediation is not None:
        show(plan_in_words(entry.remediation))


def _confirm(question: str, *, yes: bool) -> None:
    """Ask, where somebody can answer. Raises Declined."""
    if yes or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    if not click.confirm(question):
        raise Declined("nothing was done")
