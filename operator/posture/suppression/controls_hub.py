"""The policies of one hub that turn controls off: acted on by the holder of the hub's Lease alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from posture.api.model import Metadata
from posture.aws.errors import AwsError
from posture.config import Config
from posture.domain.control_records import Record
from posture.domain.control_switches import Act, ControlPolicy, Declared, Plan
from posture.domain.suppression import Phase
from posture.domain.suppression_declaration import Identity, Known
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.logs import bound, next_cycle
from posture.store import StoreError
from posture.suppression import declared as declarations
from posture.suppression.cleanup import Cleanup, Leaving
from posture.suppression.controls_declared import Roles, control_policy, exact_accounts, reaches
from posture.suppression.controls_effect import effects
from posture.suppression.controls_progress import planned_progress, progress_of
from posture.suppression.controls_round import ControlRounds, Result, Wanted
from posture.suppression.controls_status import ControlProgress, status_of
from posture.suppression.controls_view import recorded
from posture.suppression.effect import Effect
from posture.suppression.hub_suppression import Everything
from posture.suppression.policy_conditions import Case
from posture.suppression.reporting import Reported, Reporter
from posture.suppression.scopes import HubView, Sights
from posture.suppression.standing import HubState
from posture.world import World

logger = logging.getLogger(__name__)

_AT_LEAST_EVERY = 30.0
_AT_MOST_EVERY = 0.5
_SOON = 2.0
_MICRO = 1_000_000
_LONGEST_CALL = 30.0
_PICTURE_HOLDS = 3 * _MICRO
_LEAST_WITHIN = 0.5
_SEARCH_EVERY = 24 * 3600 * _MICRO


class HubControls:
    """Keeps the controls of one hub's accounts as its policies say, while this replica holds its Lease.

    Controls are read once an interval, and when something else is declared. `owner`: gives the name by which
    this operator marks what it turns off.
    """

    def __init__(self, world: World, hub: Hub, owner: Callable[[], Awaitable[str]]) -> None:
        self._world = world
        self._hub = hub
        self._owner = owner
        self._rounds = ControlRounds(world, hub, self._seconds_left)
        self._reporter = Reporter(world, ("controls", hub.name), hub.leads, status_of=status_of)
        self._cleanup = Cleanup(world, hub.leads)
        self._everything = Everything((), {}, frozenset())
        self._wanted: object = None
        self._looked_at: int | None = None
        self._searched_at: int | None = None
        self._progress: dict[str, tuple[ControlPolicy, ControlProgress]] = {}
        self._requests: dict[str, str] = {}
        self._sights = Sights()
        self._effects: tuple[object, Mapping[str, Effect]] = (None, {})
        self._news = True
        self._woken = asyncio.Event()

    def update(self, everything: Everything) -> None:
        """Take what is declared now; what is being written stops if that is something else."""
        if _versions(everything) != _versions(self._everything):
            self._news = True
        self._everything = everything
        self.wake()

    def wake(self) -> None:
        """Run a cycle soon."""
        self._woken.set()

    async def run(self) -> None:
        """Run a cycle whenever woken, when a policy expires, and at each interval, until cancelled."""
        while True:
            pause = _SOON
            self._woken.clear()
            with bound(hub=self._hub.name, target=self._targets, cycle=next_cycle()):
                try:
                    pause = await self._cycle()
                except (KubeError, StoreError) as error:
                    logger.warning("Controls are not acted on, and will be again: %s", error)
            await asyncio.sleep(_AT_MOST_EVERY)
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def end(self) -> None:
        """Withdraw all series."""
        self._reporter.end()

    def _targets(self) -> Sequence[str]:
        return sorted(self._everything.targets)

    async def _cycle(self) -> float:
        """Act and report; return the seconds until the next cycle."""
        if not self._hub.leads():
            self._stand_down()
            return _AT_LEAST_EVERY
        everything, now = self._everything, self._hub.now()
        self._news = False
        config = self._world.config.current()
        policies = _policies(everything, config, now)
        if not everything.policies:
            self._progress.clear()
        elif self._hub.status.facts is not None and self._hub.held():
            await self._act(everything, policies, now)
        well = await self._report(everything, policies, now)
        return self._pause(everything, policies, now) if well else _SOON

    def _stand_down(self) -> None:
        self.end()
        self._wanted, self._looked_at, self._searched_at = None, None, None
        self._progress.clear()
        self._requests.clear()

    async def _act(self, everything: Everything, policies: Mapping[str, ControlPolicy], now: int) -> None:
        config = self._world.config.current()
        records = {each.name: self._record(each) for each in everything.policies if each.name in policies}
        wanted = await self._what(everything, policies, records, config, now)
        declared = (policies, everything.elsewhere, wanted.reaches, config, self._asked(everything))
        late = self._looked_at is None or not 0 <= now - self._looked_at < wanted.interval
        fresh = declared != self._wanted or late

        async def prepare(planned: Plan) -> frozenset[str]:
            return await self._prepare(everything, policies, planned, records, now)

        if not fresh:
            planned = await self._rounds.run(wanted, records, now, None)
            switching = planned is not None and planned.plan.switches and self._seconds_left()
            fresh = bool(switching) and now - (self._looked_at or 0) >= _PICTURE_HOLDS
        if fresh:
            await self._rounds.look(wanted, now)
            self._wanted, self._looked_at = declared, now
            self._searched_at = now if wanted.everything else self._searched_at
        result = await self._rounds.run(wanted, records, now, prepare if fresh else None)
        if result is not None:
            await self._take(everything, policies, result, now)
            self._requests = self._asked(everything)

    async def _what(
        self,
        everything: Everything,
        policies: Mapping[str, ControlPolicy],
        records: Mapping[str, Record],
        config: Config,
        now: int,
    ) -> Wanted:
        facts = self._hub.status.facts
        if facts is None:
            raise RuntimeError("controls are not acted on before the hub is known")
        partition = next((each.arn.split(":")[1] for each in facts.standards), "aws")
        roles = Roles(everything.policies, config, partition=partition, role_arn=self._hub.key.role_arn)
        accounts = facts.members.keys() | self._hub.names().keys() | exact_accounts(everything.policies)
        specs = [each.admitted.target.spec for each in everything.policies if each.admitted is not None]
        watched = self._world.namespaces
        return Wanted(
            declared=Declared(
                policies,
                Identity(await self._owner(), frozenset(config.adopt_from)),
                roles.may_write,
                Known(everything.elsewhere, None if watched is None else frozenset(watched)),
            ),
            roles=roles,
            reaches=reaches(policies, records, accounts, roles),
            interval=min(microseconds_of(each.interval.total_seconds()) for each in specs),
            window=max(each.scoring.evaluation_window for each in specs),
            everything=self._searched_at is None or not 0 <= now - self._searched_at < _SEARCH_EVERY,
        )

    async def _prepare(
        self,
        everything: Everything,
        policies: Mapping[str, ControlPolicy],
        planned: Plan,
        records: Mapping[str, Record],
        now: int,
    ) -> frozenset[str]:
        """Have policies wait for their clean-up, and their statuses remember what will be off."""
        names = {each.policy for each in planned.switches if each.act >= Act.HAND_OVER}
        targets = {name: document for name, (document, _) in everything.targets.items()}
        own = [each for each in everything.policies if each.name in names]
        guarded = await self._cleanup.guard(own, targets)
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
            well = await self._reporter.report([self._case(each, policies, now) for each in remembering])
        finally:
            self._progress = before
        return frozenset(guarded) if well else frozenset()

    async def _take(
        self, everything: Everything, policies: Mapping[str, ControlPolicy], result: Result, now: int
    ) -> None:
        facts = self._hub.status.facts
        central = facts is not None and bool(facts.central_configuration)
        shown = await self._effects_of(everything, result.plan.records)
        self._progress = {
            name: (
                policy,
                replace(progress_of(result, name, policy, now, central=central), effect=shown.get(name)),
            )
            for name, policy in policies.items()
        }

    async def _effects_of(
        self, everything: Everything, records: Mapping[str, Record]
    ) -> Mapping[str, Effect]:
        """Return the effects, reckoned once for each version of the hub's numbers and of what is off."""
        facts, key = self._hub.status.facts, (self._hub.status.version, records)
        if facts is None or key == self._effects[0]:
            return self._effects[1]
        view = HubView(facts, self._hub.controls(), self._hub.names())
        targets = {name: admitted for name, (_, admitted) in everything.targets.items()}
        sights = self._sights.of(targets, view, view.names)
        own = {each.name: sights[each.scope] for each in everything.policies if each.name in records}
        found = await self._hub.look(lambda known: effects(known, own, records))
        self._effects = (key, found or {})
        return self._effects[1]

    async def _report(self, everything: Everything, policies: Mapping[str, ControlPolicy], now: int) -> bool:
        cases = [self._case(each, policies, now) for each in everything.policies]
        well = await self._reporter.report(cases)
        frozen = self._world.config.current().frozen
        leaving = [Leaving(each, self._current(each, policies), frozen) for each in everything.policies]
        # Their targets are let go of with the policies that suppress findings.
        await self._cleanup.let_go(leaving, now)
        return well

    def _case(
        self, declared: declarations.Declared, policies: Mapping[str, ControlPolicy], now: int
    ) -> Reported:
        suspended = declared.admitted is not None and declared.admitted.target.spec.suspend
        progress = self._current(declared, policies)
        state = HubState(
            suspended=suspended,
            frozen=self._world.config.current().frozen,
            # Controls are read by calls of their own, whatever becomes of those for findings.
            error=self._error() if progress is None else None,
        )
        handled = self._requests.get(
            declared.name, self._reporter.status_before(declared).last_handled_request
        )
        return Reported(Case(declared, progress, state, None, now), handled)

    def _error(self) -> AwsError | StoreError | None:
        return self._hub.status.error

    def _current(
        self, declared: declarations.Declared, policies: Mapping[str, ControlPolicy]
    ) -> ControlProgress | None:
        """Return how far a policy is, unless that speaks of what was declared before."""
        policy, progress = self._progress.get(declared.name, (None, None))
        return progress if policy is not None and policy == policies.get(declared.name) else None

    def _record(self, declared: declarations.Declared) -> Record:
        """Return what its status says that a policy turned off."""
        status = self._reporter.status_before(declared).to_api()
        return recorded(status.get("disabledControls", ()))

    def _asked(self, everything: Everything) -> dict[str, str]:
        """Return the requests by annotation, by policy."""
        asked = {
            each.name: Metadata.model_validate(each.document["metadata"]).requested_at
            for each in everything.policies
        }
        return {name: request for name, request in asked.items() if request is not None}

    def _seconds_left(self) -> float:
        """Return how long a write may take now; 0 where nothing may be written."""
        if self._news or self._world.config.current().frozen or not self._hub.held():
            return 0.0
        left = min(_LONGEST_CALL, self._hub.remaining())
        return left if left >= _LEAST_WITHIN else 0.0

    def _pause(self, everything: Everything, policies: Mapping[str, ControlPolicy], now: int) -> float:
        """Return the seconds until the next cycle: the next interval, or when a policy expires."""
        moments = [
            policy.terms.expires_at - now
            for policy in policies.values()
            if policy.phase in {Phase.ENFORCING, Phase.FROZEN}
        ]
        if self._looked_at is not None:
            moments += [
                self._looked_at - now + microseconds_of(each.admitted.target.spec.interval.total_seconds())
                for each in everything.policies
                if each.admitted is not None
            ]
        return min([_AT_LEAST_EVERY, *(max(0.0, each / _MICRO) for each in moments)])


def microseconds_of(seconds: float) -> int:
    """Return a duration in µs."""
    return int(seconds * _MICRO)


def _policies(everything: Everything, config: Config, now: int) -> dict[str, ControlPolicy]:
    longest = microseconds_of(config.max_suppression_age.total_seconds())
    found = {each.name: control_policy(each, now, longest) for each in everything.policies}
    return {name: policy for name, policy in found.items() if policy is not None}


def _versions(everything: Everything) -> list[tuple[str, int, str | None]]:
    return [
        (metadata["uid"], metadata["generation"], metadata.get("deletionTimestamp"))
        for metadata in (each.document["metadata"] for each in everything.policies)
    ]
