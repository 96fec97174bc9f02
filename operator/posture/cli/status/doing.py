"""Doing what `posture status` asks for: reading the cluster, printing what it says."""

import sys
from collections.abc import Sequence
from typing import Any

from posture.cli import output
from posture.cli.cluster import ask
from posture.cli.status.told import Told, gathered, is_stalled, told_document
from posture.cli.status.tree import drawn, node_of
from posture.cli.terminal import complain, show
from posture.kube.client import connect
from posture.kube.resources import POSTURE_TARGETS, REMEDIATION_RULES, SUPPRESSION_POLICIES, Object

_KINDS = (POSTURE_TARGETS, SUPPRESSION_POLICIES, REMEDIATION_RULES)


def print_status(target: str | None, namespace: str | None, context: str | None, form: str) -> None:
    """Print what there is; ends with 1 where something is Stalled, or no such target is there."""
    place, _, name = (target or "").rpartition("/")
    targets, policies, rules = ask(_listed(context, place or namespace))
    found = gathered(targets, policies, rules)
    if target is not None:
        found = [each for each in found if each.name == name]
        if not found:
            complain(
                f"there is no PostureTarget {target}{'' if place or not namespace else f' in {namespace}'}"
            )
            sys.exit(1)
    show(_formed(found, form))
    if not found:
        complain("there are no PostureTargets: nothing is scored")
    if any(map(is_stalled, found)):
        sys.exit(1)


async def _listed(context: str | None, namespace: str | None) -> list[list[Object]]:
    namespaces = None if namespace is None else [namespace]
    async with connect(context=context) as client:
        return [await client.list_objects(kind, namespaces) for kind in _KINDS]


def _formed(found: Sequence[Told], form: str) -> str:
    if form == "tree":
        return drawn(map(node_of, found))
    documents: list[Any] = [told_document(each) for each in found]
    return output.as_json(documents) if form == "json" else output.as_yaml(documents)
