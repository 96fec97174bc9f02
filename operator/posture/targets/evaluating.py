"""Evaluating a target over its hub: over those of the chosen standards that anything tells of."""

from collections.abc import Mapping
from typing import NamedTuple

from posture.aws.securityhub.discovery import HubFacts
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.hubs.hub import Hub
from posture.reconcile.access import Admitted
from posture.reconcile.scope import chosen_standards, view_of
from posture.sources.findings_view import Evaluated


class Found(NamedTuple):
    """An evaluation, and the chosen standards that are enabled nowhere: they are not in it."""

    evaluated: Evaluated
    missing: tuple[str, ...]


async def evaluate_target(
    hub: Hub, admitted: Admitted, facts: HubFacts, turned_off: Mapping[TurnedOff, ControlStatus]
) -> Found | None:
    """Evaluate a target as of the hub's last exact moment; None while there is none."""
    spec = admitted.target.spec
    chosen = chosen_standards(spec, facts)
    view = view_of(admitted, facts, hub.controls(), chosen.all)._replace(turned_off=turned_off)
    window = spec.scoring.evaluation_window
    found = await hub.evaluate(view, window)
    missing = () if found is None else chosen.nowhere(found.evaluation)
    if missing:
        there = tuple(name for name in chosen.all if name not in missing)
        found = await hub.evaluate(view._replace(standards=there), window)
    return None if found is None else Found(found, missing)
