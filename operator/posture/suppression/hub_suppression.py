"""The policies of one hub: acted on after each exact poll, by the holder of the hub's Lease alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from posture.admission import Admitted
from posture.api.model import Metadata
from posture.aws.errors import AwsError
from posture.domain.controls import ControlStatus
from posture.domain.evaluation import TurnedOff
from posture.domain.suppression import Phase, Policy
from posture.domain.suppression_declaration import Identity, Known
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.kube.resources import Object
from posture.logs import bound, next_cycle
from posture.store import StoreError
from posture.suppression import round as rounds
from posture.suppression.cleanup import Cleanup, Leaving
from posture.suppression.declared import Declared, MayWrite
from posture.suppression.owner import OwnerUnknown
from posture.suppression.policy_conditions import Case
from posture.suppression.reporting import Reported, Reporter
from posture.suppression.standing import HubState, Progress
from posture.suppression.writing import Writer
from posture.world import World

logger = logging.getLogger(__name__)

_AT_LEAST_EVERY = 30.0
_AT_MOST_EVERY = 0.5
_SOON = 1.0
_MICRO = 1_000_000


class Everything(NamedTuple):
    """What is declared for one hub, from one listing.

    `policies`: of its targets. `targets`: by namespace/name, as listed and as admitted. `elsewhere`: the
    policies of other hubs, or of no target, by namespace/name. `others`: the policies of the hub that do not
    suppress findings but turn controls off, or the other way round.
    `turned_off`: what all policies turned off, with the status it had then.
    """

    policies: Sequence[Declared]
    targets: Mapping[str, tuple[Object, Admitted]]
    elsewhere: frozenset[str]
    others: Sequence[Declared] = ()
    turned_off: Mapping[TurnedOff, ControlStatus] = {}


class HubSuppression:
    """Keeps the findings of one hub as its policies say, while this replica holds the hub's Lease.

    `owner`: gives the name by which this operator marks what it suppresses.
    """

    def __init__(self, world: World, hub: Hub, owner: Callable[[], Awaitable[str]]) -> None:
        self._world = world
        self._hub = hub
        self._owner = owner
        self._rounds = rounds.Rounds(hub, Writer(world.security_hub(hub.key), self._seconds_left))
        self._reporter = Reporter(world, ("suppression", hub.name), hub.leads)
        self._cleanup = Cleanup(world, hub.leads)
        self._everything = Everything((), {}, frozenset())
        self._wanted: object = None
        self._ticket = 0
        self._since: int | None = None
        self._acted_at: int | None = None
        self._progress: dict[str, tuple[Policy, Progress]] = {}
        self._error: AwsError | OwnerUnknown | None = None
        self._requests: dict[str, tuple[str, int]] = {}
        self._news = True
        self._woken = asyncio.Event()

    def update(self, everything: Everything) -> None:
        """Take what is declared now; what is being written stops if that is something else."""
        if [_version(each) for each in everything.policies] != [
            _version(each) for each in self._everything.policies
        ]:
            self._news = True
        self._everything = everything
        self.wake()

    def wake(self) -> None:
        """Run a cycle soon."""
        self._woken.set()

    async def run(self) -> None:
        """Run a cycle whenever woken, when a policy expires, and now and then, until cancelled."""
        while True:
            pause = _SOON
            self._woken.clear()
            with bound(hub=self._hub.name, target=self._targets, cycle=next_cycle()):
                try:
                    pause = await self._cycle()
                except (KubeError, StoreError) as error:
                    logger.warning("Policies are not acted on, and will be again: %s", error)
                    self._acted_at = None
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

    async def excepting(self, keys: Sequence[bytes]) -> Mapping[bytes, tuple[str, ...]] | None:
        """Return, for some findings, the policies that select them and have not expired, frozen ones too.

        None where that is not known: this replica does not work on the hub, or what is declared has not been
        followed yet. Findings that are not stored are left out.
        """
        if self._acted_at is None or self._news:
            return None
        return await self._rounds.excepting(keys)

    async def _cycle(self) -> float:
        """Act and report; return the seconds until the next cycle."""
        if not self._hub.leads():
            self._stand_down()
            return _AT_LEAST_EVERY
        everything, now = self._everything, self._hub.now()
        self._news = False
        policies = self._policies(everything, now)
        await self._follow(everything, policies)
        complete = True
        if self._is_due():
            complete = await self._act(everything, policies, now)
        well = await self._report(everything, policies, now)
        return _SOON if not (complete and well) else self._pause(policies, now)

    def _stand_down(self) -> None:
        self.end()
        self._wanted, self._acted_at, self._error = None, None, None
        self._progress.clear()
        self._requests.clear()

    def _policies(self, everything: Everything, now: int) -> dict[str, Policy]:
        longest = self._world.config.current().max_suppression_age.total_seconds() * _MICRO
        found = {each.name: each.at(now, int(longest)) for each in everything.policies}
        return {name: policy for name, policy in found.items() if policy is not None}

    async def _follow(self, everything: Everything, policies: Mapping[str, Policy]) -> None:
        """Ask for a poll whenever something else is to be done: nothing is written by an old picture."""
        config = self._world.config.current()
        admitted = {name: (each.accounts, each.target.spec) for name, (_, each) in everything.targets.items()}
        wanted = (policies, admitted, everything.elsewhere, config)
        if wanted != self._wanted:
            self._wanted = wanted
            self._ticket = self._hub.request_poll()
            self._since, self._acted_at = self._hub.status.exact_at, None
        for each in everything.policies:
            requested = Metadata.model_validate(each.document["metadata"]).requested_at
            known = self._requests.get(each.name, (None, 0))[0]
            if requested is not None and requested != known:
                self._requests[each.name] = (requested, self._hub.request_poll())
                self._ticket = self._requests[each.name][1]

    def _is_due(self) -> bool:
        """Whether there is an exact poll that began after the last change, and was not acted on."""
        status = self._hub.status
        # What a new holder finds in its store is exact, but of an earlier time: no poll, no duration.
        polled = self._hub.held() and status.exact_at is not None and status.duration_seconds is not None
        return (
            polled
            and self._hub.has_run(self._ticket)
            and status.exact_at not in {self._since, self._acted_at}
        )

    async def _act(self, everything: Everything, policies: Mapping[str, Policy], now: int) -> bool:
        """Plan and write; whether nothing is left that could be written at once."""
        exact_at = self._hub.status.exact_at
        config = self._world.config.current()
        watched = self._world.namespaces
        try:
            owner = await self._owner()
        except OwnerUnknown as error:
            self._error, self._acted_at = error, exact_at
            return True
        declared = rounds.Declared(
            policies=tuple(policies.values()),
            targets={name: admitted for name, (_, admitted) in everything.targets.items()},
            identity=Identity(owner, frozenset(config.adopt_from)),
            may_write=MayWrite(config.granted, self._hub.key.role_arn),
            known=Known(everything.elsewhere, None if watched is None else frozenset(watched)),
            turned_off=everything.turned_off,
        )

        async def guard(names: Collection[str]) -> set[str]:
            targets = {name: document for name, (document, _) in everything.targets.items()}
            return await self._cleanup.guard([e for e in everything.policies if e.name in names], targets)

        result = await self._rounds.run(declared, now, guard)
        if result is None:
            return False
        self._error = result.error
        self._progress = {
            name: (policies[name], each) for name, each in result.progress.items() if name in policies
        }
        complete = result.complete or result.error is not None or config.frozen
        self._acted_at = exact_at if complete else None
        return complete

    async def _report(self, everything: Everything, policies: Mapping[str, Policy], now: int) -> bool:
        frozen = self._world.config.current().frozen
        error = self._error or self._hub.status.error
        cases, leaving = [], []
        for each in everything.policies:
            progress = self._current(each, policies)
            suspended = each.admitted is not None and each.admitted.target.spec.suspend
            state = HubState(suspended=suspended, frozen=frozen, error=error)
            cases.append(Reported(Case(each, progress, state, None, now), self._handled(each)))
            leaving.append(Leaving(each, progress, frozen))
        well = await self._reporter.report(cases)
        if retained := [each.declared.name for each in leaving if each.goes_unwritten]:
            await self._rounds.retain(retained)
        gone = await self._cleanup.let_go(leaving, now)
        targets = [document for document, _ in everything.targets.values()]
        await self._cleanup.release_targets(targets, [*everything.policies, *everything.others], gone, now)
        return well

    def _current(self, declared: Declared, policies: Mapping[str, Policy]) -> Progress | None:
        """Return how far a policy is, unless that speaks of what was declared before."""
        policy, progress = self._progress.get(declared.name, (None, None))
        return progress if policy is not None and policy == policies.get(declared.name) else None

    def _handled(self, declared: Declared) -> str | None:
        """Return the last request by annotation whose run has ended."""
        before = self._reporter.status_before(declared).last_handled_request
        requested, ticket = self._requests.get(declared.name, (None, 0))
        if requested is None or not self._hub.has_run(ticket) or self._is_due():
            return before
        return requested

    def _seconds_left(self) -> float:
        """Return how long a write may take now; 0 where nothing may be written."""
        if self._news or self._world.config.current().frozen or not self._hub.held():
            return 0.0
        return self._hub.remaining()

    def _pause(self, policies: Mapping[str, Policy], now: int) -> float:
        """Return the seconds until the next cycle: when a policy expires, and now and then."""
        ends = [
            policy.terms.expires_at - now
            for policy in policies.values()
            if policy.phase in {Phase.ENFORCING, Phase.FROZEN}
        ]
        return min([_AT_LEAST_EVERY, *(max(0.0, end / _MICRO) for end in ends)])


def _version(declared: Declared) -> tuple[str, int, str | None]:
    metadata = declared.document["metadata"]
    return metadata["uid"], metadata["generation"], metadata.get("deletionTimestamp")
