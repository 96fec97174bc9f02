"""The policies of one hub that turn controls off: acted on by the holder of the hub's Lease alone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from posture.api.model import Metadata
from posture.aws.client.errors import AwsError
from posture.domain.exceptions.control_status import Record
from posture.domain.exceptions.control_switches import (
    ControlAct,
    ControlPlan,
    ControlPolicy,
)
from posture.domain.exceptions.declaration import PolicyIdentity
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.domain.time import MINUTE, SECOND
from posture.hubs.hub import Hub
from posture.reconcile.context import Context
from posture.reconcile.owner import OwnerUnknown
from posture.reconcile.scope import HubView, TargetScopes
from posture.store.errors import StoreError
from posture.suppression import declared as declarations
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.controls.account import AccountControls
from posture.suppression.controls.confirmed import Confirmation, Confirmed, confirmed, counting, recorded
from posture.suppression.controls.declared import (
    control_policy,
    ungranted,
)
from posture.suppression.controls.progress import (
    ControlsProgress,
    planned_progress,
    progress_of,
)
from posture.suppression.controls.reconcile import ControlResult, ControlRounds, WantedControls
from posture.suppression.controls.telling import tell_switches
from posture.suppression.controls.wanted import wanted_controls
from posture.suppression.effect import Effect, control_effects
from posture.suppression.phases import LastReading, ReadingPhase
from posture.suppression.policy_reconciler import HubPolicies, PolicyReconciler
from posture.suppression.reporting import PolicyReporter

_PICTURE_HOLDS = 3 * SECOND
# Of policies whose targets are not evaluated.
_INTERVAL = 5 * MINUTE
_WINDOW = timedelta(hours=30)


class HubControls(PolicyReconciler[ControlPolicy, ControlsProgress]):
    """Keeps the controls of one hub's accounts as its policies say, while this replica holds its Lease.

    Controls are read once an interval, and when something else is declared. `owner`: gives the name by which
    this operator marks what it turns off.
    """

    def __init__(
        self, context: Context, hub: Hub, owner: Callable[[], Awaitable[str]], cleanup: PolicyCleanup
    ) -> None:
        reporter = PolicyReporter(context, ("controls", hub.name), hub.leading, cleanup.objects)
        super().__init__(context, hub, cleanup, reporter, "Controls")
        self._owner = owner
        self._rounds = ControlRounds(
            hub,
            lambda spot, role: AccountControls.through(context, spot, role.arn, role.external_id),
            self._seconds_left,
        )
        self._phase = ReadingPhase.STANDING_BY
        self._looked_at: int | None = None
        self._nameless: OwnerUnknown | None = None
        self._requests: dict[str, str] = {}
        self._taken: dict[str, str] = {}
        self._asked_of_hub: tuple[dict[str, str], int] = ({}, 0)
        self._sights = TargetScopes()
        self._effects: tuple[object, Mapping[str, Effect]] = (None, {})
        self._confirmed: dict[TurnedOff, Confirmed] = {}

    def _stand_down(self) -> None:
        super()._stand_down()
        self._phase = ReadingPhase.STANDING_BY
        self._looked_at, self._nameless = None, None
        self._rounds.search_anew()
        self._requests, self._taken, self._asked_of_hub = {}, {}, ({}, 0)
        self._confirmed = {}

    def _ruled(self, declared: declarations.Declared, now: int, longest: int) -> ControlPolicy | None:
        return control_policy(declared, now, longest)

    async def _act(self, everything: HubPolicies, policies: Mapping[str, ControlPolicy], now: int) -> bool:
        if not everything.policies:
            self._phase = ReadingPhase.NOTHING_DECLARED
            self._progress.clear()
            self._confirm({})
        elif self._hub.status.facts is None or not self._hub.is_open():
            self._phase = ReadingPhase.STANDING_BY
            self._await_hub(everything)
        else:
            try:
                owner = await self._owner()
            except OwnerUnknown as error:
                self._phase, self._nameless = ReadingPhase.NAMELESS, error
                self._confirm({})
                # That was all there was to run: whoever asked for it is told how it ended.
                self._requests = self._asked(everything)
            else:
                self._nameless = None
                await self._switch(everything, policies, owner, now)
        return True

    def _await_hub(self, everything: HubPolicies) -> None:
        """Answer requests with a try of the hub, which a run needs first: where it fails, that was all."""
        asked = self._asked(everything)
        new = any(self._handled(each) != asked.get(each.name) for each in everything.policies)
        if asked != self._asked_of_hub[0]:
            self._asked_of_hub = (asked, self._hub.request_poll() if new else 0)
        if self._hub.has_run(self._asked_of_hub[1]):
            self._requests = asked

    async def _switch(
        self, everything: HubPolicies, policies: Mapping[str, ControlPolicy], owner: str, now: int
    ) -> None:
        """Look, when that is due, and switch what is to be switched."""
        config = self._context.config.current()
        records = {each.name: self._record(each) for each in everything.policies if each.name in policies}
        identity = PolicyIdentity(owner, frozenset(config.adopt_from))
        wanted = wanted_controls(
            self._hub, everything, policies, records, config, identity, self._context.namespaces
        )
        declared, asked = (policies, everything.elsewhere, wanted.reaches, config), self._asked(everything)
        reading = LastReading(self._looked_at, declared == self._wanted, asked == self._taken)
        self._phase = reading.phase(now, interval=wanted.interval, apart=self._hub.apart)

        async def prepare(planned: ControlPlan) -> frozenset[str]:
            return await self._prepare(everything, policies, planned, records, now)

        if self._phase is ReadingPhase.READ:
            result = await self._rounds.run(wanted, records, now, None)
            switching = result is not None and result.plan.switches and self._seconds_left()
            if switching and now - (self._looked_at or 0) >= _PICTURE_HOLDS:
                self._phase = ReadingPhase.DUE
        if self._phase is ReadingPhase.DUE:
            await self._rounds.look(wanted, now)
            self._wanted, self._looked_at, self._taken = declared, now, asked
            self._phase = ReadingPhase.READ
            result = await self._rounds.run(wanted, records, now, prepare)
        if result is not None:
            await self._take(everything, policies, wanted, result, now)
            self._requests = self._taken

    def _too_soon(self, now: int) -> int:
        """Return the µs before the controls of a shared hub are read again because somebody asks for it."""
        return 0 if self._looked_at is None else max(0, self._looked_at + self._hub.apart - now)

    async def _prepare(
        self,
        everything: HubPolicies,
        policies: Mapping[str, ControlPolicy],
        planned: ControlPlan,
        records: Mapping[str, Record],
        now: int,
    ) -> frozenset[str]:
        """Have policies wait for their clean-up, and their statuses remember what will be off."""
        names = {each.policy for each in planned.switches if each.act >= ControlAct.HAND_OVER}
        own = [each for each in everything.policies if each.name in names]
        guarded = await self._cleanup.guard(own, everything.documents)
        intended = planned.intended()
        before = {name: each for name, each in self._progress.items() if name in policies}
        for name in guarded:
            if intended[name] != records.get(name, {}):
                self._progress[name] = (
                    policies[name],
                    planned_progress(planned, name, intended[name], now),
                )
        try:
            remembering = [each for each in own if each.name in guarded]
            remembered = await self._reporter.remember(
                [self._reported(each, policies, now) for each in remembering]
            )
        finally:
            self._progress = before
        return frozenset(remembered)

    async def _take(
        self,
        everything: HubPolicies,
        policies: Mapping[str, ControlPolicy],
        wanted: WantedControls,
        result: ControlResult,
        now: int,
    ) -> None:
        facts = self._hub.status.facts
        central = facts is not None and bool(facts.central_configuration)
        self._confirm(
            confirmed(
                self._confirmed,
                result.plan.records,
                Confirmation(self._looked_at or now, self._rounds.found, wanted.interval, now),
                counting(everything.policies, wanted.roles),
            )
        )
        targets = {each.name: each.scope for each in everything.policies}
        await tell_switches(self._hub, result.plan.records, targets, now)
        shown = await self._effects_of(everything, policies)
        refused = ungranted(wanted.reaches, result.plan.records, wanted.roles)
        self._progress = {
            name: (
                policy,
                replace(
                    progress_of(result, name, policy, now, central=central),
                    ungranted=refused.get(name, {}),
                    effect=shown.get(name),
                ),
            )
            for name, policy in policies.items()
        }

    def _confirm(self, places: dict[TurnedOff, Confirmed]) -> None:
        """Let everybody know what is off."""
        self._confirmed = places
        self._hub.know_turned_off({place: each.was for place, each in places.items()})

    def _break_down(self) -> None:
        # Nobody's score waits for what cannot be found out: what may be off counts as if it were on.
        if self._hub.status.turned_off is None:
            self._confirm({})

    async def _effects_of(
        self, everything: HubPolicies, policies: Mapping[str, ControlPolicy]
    ) -> Mapping[str, Effect]:
        """Return the effects, reckoned once while numbers, what is off and what is seen stay as they are."""
        facts = self._hub.status.facts
        if facts is None:
            return self._effects[1]
        records: dict[str, dict[TurnedOff, ControlStatus]] = {name: {} for name in policies}
        for place, each in self._confirmed.items():
            records[each.policy][place] = each.was
        view = HubView(facts, self._hub.controls(), self._hub.names())
        targets = {name: admitted for name, (_, admitted) in everything.targets.items()}
        sights = self._sights.of(targets, view, view.names)
        named = [each for each in everything.policies if each.name in records]
        own = {each.name: sights[each.scope] for each in named if each.scope in sights}
        key = self._hub.status.version, records, own
        if key != self._effects[0]:
            found = await self._hub.look(lambda findings: control_effects(findings, own, records))
            self._effects = (key, found or {})
        return self._effects[1]

    def _error(self, progress: ControlsProgress | None) -> AwsError | StoreError | OwnerUnknown | None:
        # Controls are read by calls of their own, whatever becomes of those for findings.
        return self._nameless or (self._hub.status.error if progress is None else None)

    def _handled(self, declared: declarations.Declared) -> str | None:
        before = self._reporter.status_before(declared, self._hub.now()).last_handled_request
        return self._requests.get(declared.name, before)

    def _record(self, declared: declarations.Declared) -> Record:
        """Return what its status says that a policy turned off."""
        return recorded(self._reporter.status_before(declared, self._hub.now()))

    def _asked(self, everything: HubPolicies) -> dict[str, str]:
        """Return the requests by annotation, by policy."""
        asked = {
            each.name: Metadata.model_validate(each.document["metadata"]).requested_at
            for each in everything.policies
        }
        return {name: request for name, request in asked.items() if request is not None}

    def _pause(self, everything: HubPolicies, policies: Mapping[str, ControlPolicy], now: int) -> float:
        """Return the seconds until the next cycle: the next interval, or when a policy expires."""
        pause = super()._pause(everything, policies, now)
        if self._phase is not ReadingPhase.READ or self._looked_at is None or not self._hub.is_open():
            return pause
        intervals = [
            each.admitted.target.spec.interval.total_seconds()
            for each in everything.policies
            if each.admitted is not None
        ]
        if self._asked(everything) != self._taken:
            pause = min(pause, self._too_soon(now) / SECOND)
        since = (now - self._looked_at) / SECOND
        return min([pause, *(max(0.0, interval - since) for interval in intervals)])
