"""The policies of a hub that turn controls off: one look at the accounts, then rounds that switch nothing."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from posture.aws.client.calls import Calls
from posture.aws.client.sessions import Identity
from posture.domain.exceptions.control_switches import ControlAct, ControlPlan, ControlPolicy, Switch
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.domain.time import microseconds
from posture.once import HubRead
from posture.reconcile.member_roles import AccountRegion, Role
from posture.rehearsal.declared import Operator
from posture.suppression.controls.account import AccountControls, ControlsWritten, LiveControl
from posture.suppression.controls.confirmed import Confirmation, confirmed, counting, recorded
from posture.suppression.controls.declared import control_policy, ungranted
from posture.suppression.controls.progress import ControlsProgress, progress_of
from posture.suppression.controls.reconcile import ControlResult, ControlRounds, WantedControls
from posture.suppression.controls.wanted import wanted_controls
from posture.suppression.policy_reconciler import HubPolicies

_Places = Mapping[TurnedOff, ControlStatus]


class ControlsRehearsed(NamedTuple):
    """How far each policy would be (by namespace/name), and the controls that would be switched for it.

    `off_before`, `off_after`: what policies turned off, with the status that it had then.
    """

    progress: Mapping[str, ControlsProgress]
    turned_off: Counter[str]
    turned_on: Counter[str]
    off_before: _Places
    off_after: _Places


class _Rehearsing(AccountControls):
    """The controls of an account, which can be read, and are switched in words only."""

    done: list[Switch]

    async def write(
        self,
        switches: Sequence[Switch],
        live: Mapping[TurnedOff, LiveControl],  # noqa: ARG002 - as what it stands for
        seconds_left: Callable[[], float],  # noqa: ARG002 - as what it stands for
    ) -> ControlsWritten:
        """Take switches for done."""
        self.done += switches
        return ControlsWritten(tuple(switches), ())


async def rehearse_controls(read: HubRead, everything: HubPolicies, operator: Operator) -> ControlsRehearsed:
    """Read controls, and switch them as the operator would, in memory alone. Raises StoreError."""
    hub, now = read.hub, read.hub.now()
    longest = microseconds(operator.config.max_suppression_age)
    found = {each.name: control_policy(each, now, longest) for each in everything.policies}
    policies = {name: each for name, each in found.items() if each is not None}
    if not policies:
        return ControlsRehearsed({}, Counter(), Counter(), {}, {})
    records = {each.name: recorded(each.status) for each in everything.policies if each.name in policies}
    wanted = wanted_controls(
        hub, everything, policies, records, operator.config, operator.identity, operator.namespaces
    )
    done: list[Switch] = []

    def open_(spot: AccountRegion, role: Role) -> AccountControls:
        identity = Identity(role.arn, role.external_id, spot.region)
        calls = Calls(read.sessions, identity, read.limiters, read.usage, service="securityhub")
        account = _Rehearsing(spot, calls, read.security_hub(identity))
        account.done = done
        return account

    rounds = ControlRounds(hub, open_, lambda: math.inf)
    await rounds.look(wanted, now)

    def off(result: ControlResult) -> _Places:
        look = Confirmation(now, rounds.found, wanted.interval, now)
        counts = counting(everything.policies, wanted.roles)
        return {place: each.was for place, each in confirmed({}, result.plan.records, look, counts).items()}

    async def run(*, switching: bool) -> ControlResult:
        result = await rounds.run(wanted, records, now, _all if switching else None)
        if result is None:
            raise RuntimeError("a hub that is exact has its store open")
        return result

    before = await run(switching=False)
    result, switched = await run(switching=True), -1
    while result.plan.switches and len(done) > switched:
        switched = len(done)
        result = await run(switching=True)
    return ControlsRehearsed(
        _progress(read, policies, wanted, result, now),
        _counted(done, lambda act: act >= ControlAct.TURN_OFF_AGAIN),
        _counted(done, lambda act: act is ControlAct.TURN_ON),
        off(before),
        off(result),
    )


async def _all(planned: ControlPlan) -> Collection[str]:
    """Say that every policy would wait for its clean-up, and remember what it turned off."""
    return {each.policy for each in planned.switches}


def _progress(
    read: HubRead,
    policies: Mapping[str, ControlPolicy],
    wanted: WantedControls,
    result: ControlResult,
    now: int,
) -> Mapping[str, ControlsProgress]:
    facts = read.hub.status.facts
    central = facts is not None and bool(facts.central_configuration)
    refused = ungranted(wanted.reaches, result.plan.records, wanted.roles)
    return {
        name: replace(
            progress_of(result, name, policy, now, central=central), ungranted=refused.get(name, {})
        )
        for name, policy in policies.items()
    }


def _counted(switches: Sequence[Switch], meant: Callable[[ControlAct], bool]) -> Counter[str]:
    """Count the places of some switches, by policy."""
    distinct = {(each.policy, each.place) for each in switches if meant(each.act)}
    return Counter(policy for policy, _ in distinct)
