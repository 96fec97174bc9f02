"""In which state a target counts a finding of its hub: one by one what `evaluate` counts by cells."""

from collections.abc import Callable

from posture.domain.findings import Check, Finding
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.scoring.scores import FindingState, state_of_control_finding, state_of_product_finding

Pair = tuple[str, str]
"""A standard and one of its controls, upper-cased."""


class FindingStates:
    """The states of the ACTIVE findings of a hub, as one target counts them.

    `since`: the moment (µs) from which on an update is inside of the evaluation window.
    """

    def __init__(self, view: View, since: int) -> None:
        self._view = view
        self._since = since

    def at(self, check: Check, account_id: str, region: str) -> Callable[[Finding], FindingState] | None:
        """Return how findings of a check are counted in an account and Region; None: not at all."""
        if not self._view.covers(check, account_id):
            return None
        if not check.source:
            return lambda finding: state_of_product_finding(finding.compliance, finding.workflow)
        since, disabled = self._since, not self.enabled(check, account_id, region)
        return lambda finding: state_of_control_finding(
            finding.compliance, finding.workflow, fresh=finding.updated_at >= since, disabled=disabled
        )

    def enabled(self, check: Check, account_id: str, region: str) -> tuple[Pair, ...]:
        """Return the controls of the target's standards that a check is of and that are on there."""
        view = self._view
        return tuple(
            pair
            for pair in view.controls.pairs_of(check)
            if pair[0] in view.standards
            and TurnedOff(*pair, account_id, region) not in view.turned_off
            and not ((account_id, region) == view.home and self._off_at_home(pair))
        )

    def _off_at_home(self, pair: Pair) -> bool:
        standard, control = pair
        known = self._view.controls.standards.get(standard)
        association = None if known is None else known.controls.get(control)
        return association is not None and not association.enabled
