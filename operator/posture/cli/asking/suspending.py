"""Setting `spec.suspend` of objects, one after the other."""

import sys
from collections.abc import Sequence

from posture.cli.asking.command import Suspended
from posture.cli.cluster import ask, said
from posture.cli.terminal import complain, show
from posture.kube.client import KubeClient, connect
from posture.kube.errors import KubeError
from posture.kube.resources import KINDS


def set_suspended(
    objects: Sequence[Suspended], namespace: str | None, context: str | None, *, suspended: bool
) -> None:
    """Suspend objects, or have them go on; ends with 1 where one of them could not be written."""
    if not ask(_each(objects, namespace, context, suspended=suspended)):
        sys.exit(1)


async def _each(
    objects: Sequence[Suspended], namespace: str | None, context: str | None, *, suspended: bool
) -> bool:
    complete = True
    async with connect(context=context) as client:
        for kind, given in objects:
            place, _, name = given.rpartition("/")
            place = place or namespace or client.namespace
            try:
                changed = await _set(client, kind, place, name, suspended=suspended)
            except KubeError as error:
                complain(f"{kind} {place}/{name}: {said(error)}")
                complete = False
                continue
            state = "suspended" if suspended else "not suspended"
            show(f"{kind} {place}/{name} is {state}{'' if changed else ' already'}\n")
    return complete


async def _set(client: KubeClient, kind: str, namespace: str, name: str, *, suspended: bool) -> bool:
    """Write the field where it says something else; tell whether that was so."""
    before = await client.get(KINDS[kind], namespace, name)
    if bool(before.get("spec", {}).get("suspend", False)) is suspended:
        return False
    await client.merge(KINDS[kind], namespace, name, {"spec": {"suspend": suspended}})
    return True
