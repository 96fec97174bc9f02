"""What each target lets its policies select, as its hub sees it now."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from posture.admission import Admitted
from posture.api.posture_target import ScoringMethod
from posture.aws.discovery import HubFacts
from posture.domain.controls import Controls, ControlStatus
from posture.domain.evaluation import TurnedOff, View
from posture.domain.suppression_declaration import Scope
from posture.target_view import chosen_standards, view_of


class Sight(NamedTuple):
    """One target: its view of the hub, its headline's method and window, and what its policies can select.

    `whole`: of every standard that the target chose it is known that it is enabled somewhere. Where one is
    not, as after a slip of the pen, or where `*` stands for those that are enabled and these may not be
    listed, findings are missing from the view that a policy has suppressed: nothing follows from that.
    """

    view: View
    method: ScoringMethod
    window: timedelta
    scope: Scope
    whole: bool = True


class HubView(NamedTuple):
    """What a hub knows, of which targets are views: its facts, its controls, names of accounts by id.

    `turned_off`: what policies turned off, with the status it had then. `told`: the standards that any
    finding speaks of, wherever they are enabled.
    """

    facts: HubFacts
    controls: Controls
    names: Mapping[str, str]
    turned_off: Mapping[TurnedOff, ControlStatus] = {}
    told: frozenset[str] = frozenset()


class Sights:
    """The sights of a hub's targets. One stays the same object while nothing about it changes."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[object, ...], Sight]] = {}

    def of(self, targets: Mapping[str, Admitted], hub: HubView, accounts: Iterable[str]) -> dict[str, Sight]:
        """Return the sight of each target (by namespace/name); `accounts`: ids that findings are of."""
        present = frozenset(accounts) | hub.facts.members.keys()
        known = self._known
        self._known = {
            name: self._kept(known.get(name), each, hub, present) for name, each in targets.items()
        }
        return {name: sight for name, (_, sight) in self._known.items()}

    def _kept(
        self,
        known: tuple[tuple[object, ...], Sight] | None,
        admitted: Admitted,
        hub: HubView,
        accounts: frozenset[str],
    ) -> tuple[tuple[object, ...], Sight]:
        spec = admitted.target.spec
        declared = (admitted.accounts, spec.source, spec.products, spec.accounts, spec.scoring, spec.grouping)
        chosen = chosen_standards(spec, hub.facts)
        whole = bool(chosen.all) and hub.told.issuperset(chosen.missing)
        seen = (hub.facts, id(hub.controls), dict(hub.names), dict(hub.turned_off), accounts)
        key = (*declared, *seen, whole)
        if known is not None and known[0] == key:
            return known
        view = view_of(admitted, hub.facts, hub.controls, chosen.all)
        view = view._replace(names=hub.names, turned_off=hub.turned_off)
        groups = {account: view.grouping.of(account, hub.names.get(account)) for account in accounts}
        scope = Scope(view.covers, hub.controls, groups)
        return key, Sight(view, spec.scoring.method, spec.scoring.evaluation_window, scope, whole)
