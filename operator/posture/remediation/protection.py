"""What keeps a finding from being remediated, of all targets of a hub: policies, and controls turned off."""

from collections.abc import Callable, Mapping

from posture.domain.exceptions.policy import namespace_of
from posture.domain.findings import Finding
from posture.domain.remediation.collecting import protecting
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import Controls
from posture.reconcile.scope import HubView, TargetScope
from posture.remediation.policies import Policies


class Protecting:
    """Which policies that have not expired select a finding, of all targets of the hub.

    Those of other targets protect too: what one team has documented as an exception no other one undoes.
    """

    def __init__(self, policies: Policies, scopes: Mapping[str, TargetScope], now: int) -> None:
        self._matchers = [
            (scope.covers, protecting(policies.by_target[target], now, scope.controls, scope.groups))
            for target, scope in ((name, each.scope) for name, each in scopes.items())
            if target in policies.by_target
        ]

    def told(self, namespace: str) -> Callable[[Finding], tuple[str, ...]]:
        """Return how they are named to a namespace, which is not told of what there is in others."""

        def of(finding: Finding) -> tuple[str, ...]:
            names = (
                name
                for covers, selecting in self._matchers
                if covers(finding.check, finding.account_id)
                for name in selecting(finding)
            )
            return tuple(
                dict.fromkeys(
                    name if namespace_of(name) == namespace else "one of another namespace" for name in names
                )
            )

        return of


class TurnedOffAt:
    """Whether a finding's control is turned off where it was found, in each of its standards."""

    def __init__(self, hub: HubView) -> None:
        self._controls: Controls = hub.controls
        self._home = hub.facts.account_id, hub.facts.region
        self._turned_off = hub.turned_off

    def __call__(self, finding: Finding) -> bool:
        """Look at the hub's own place, and at what policies turned off."""
        place = finding.account_id, finding.region
        pairs = self._controls.pairs_of(finding.check)
        return bool(pairs) and all(self._is_off(*pair, *place) for pair in pairs)

    def _is_off(self, standard: str, control: str, account_id: str, region: str) -> bool:
        if TurnedOff(standard, control, account_id, region) in self._turned_off:
            return True
        known = self._controls.standards.get(standard)
        association = known.controls.get(control) if known else None
        return (account_id, region) == self._home and association is not None and not association.enabled
