"""One hub: its targets' scores, then everything that would be done there, then the scores again."""

from collections.abc import Mapping
from typing import NamedTuple

from posture.domain.remediation.plan import Plan
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.scoring.scores import Method, Score
from posture.domain.standards import ControlStatus
from posture.domain.time import microseconds
from posture.hubs.hub import Hub
from posture.once import HubRead
from posture.reconcile.access import Admitted
from posture.rehearsal.controls import ControlsRehearsed, rehearse_controls
from posture.rehearsal.declared import Everything
from posture.rehearsal.findings import FindingsRehearsed, rehearse_findings
from posture.rehearsal.rules import rehearse_rules
from posture.sources.findings_view import FindingsView
from posture.targets.evaluating import evaluate_target

_Scores = Mapping[str, Score | None]
_Places = Mapping[TurnedOff, ControlStatus]


class HubRehearsed(NamedTuple):
    """What would be done in a hub. Scores are by target, plans by rule, both by namespace/name."""

    before: _Scores
    after: _Scores
    findings: FindingsRehearsed
    controls: ControlsRehearsed
    plans: Mapping[str, Plan]


async def rehearse(
    read: HubRead, everything: Everything, before: Mapping[str, Admitted], *, live: bool
) -> HubRehearsed:
    """Rehearse all that is declared for a hub. `before`: its targets as they are until then.

    `live`: what rules would touch is read. Raises AwsError and StoreError.
    """
    hub, operator = read.hub, everything.operator
    targets = {name: each for name, (_, each) in everything.targets_at(hub.key).items()}
    controls = await rehearse_controls(read, everything.policies_at(hub.key, suppressing=False), operator)
    first = await _scores(hub, before, controls.off_before)
    frozen = await _scores(hub, targets, controls.off_before) if operator.config.frozen else None
    hub.know_turned_off(controls.off_after)
    findings = await rehearse_findings(hub, everything.policies_at(hub.key, suppressing=True), operator)
    await _show(hub, targets)
    after = frozen or await _scores(hub, targets, controls.off_after)
    plans = await rehearse_rules(read, everything.rules_at(hub.key), operator, live=live)
    return HubRehearsed(first, after, findings, controls, plans)


async def _scores(hub: Hub, targets: Mapping[str, Admitted], off: _Places) -> _Scores:
    facts = hub.status.facts
    if facts is None:
        raise RuntimeError("a hub that is exact knows what it is")
    found: dict[str, Score | None] = {}
    for name, admitted in targets.items():
        spec = admitted.target.spec
        known = None if spec.suspend else await evaluate_target(hub, admitted, facts, off)
        found[name] = None if known is None else known.headline(Method(spec.scoring.method.value))
    return found


async def _show(hub: Hub, targets: Mapping[str, Admitted]) -> None:
    """Let the numbers follow what was written in the store, as the next poll would."""
    windows = {microseconds(each.target.spec.scoring.evaluation_window) for each in targets.values()}

    def show(findings: FindingsView) -> None:
        if findings.exact_at is not None:
            findings.publish(findings.exact_at, windows, {})

    await hub.look_again()
    await hub.look(show)
