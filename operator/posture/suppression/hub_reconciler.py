"""The life of a task that keeps a hub as the policies of one kind say, as long as its Lease is held here."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from posture.aws.client.errors import AwsError
from posture.backoff import BackOff
from posture.config import Config
from posture.domain.exceptions.policy import Phase, Terms
from posture.domain.time import SECOND, microseconds
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.kube.resources import Object
from posture.logs import Field
from posture.reconcile.access import Admitted
from posture.reconcile.context import Context
from posture.reconcile.loop import WakeLoop
from posture.reconcile.owner import OwnerUnknown
from posture.store.errors import StoreError
from posture.suppression.cleanup import Cleanup
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress
from posture.suppression.declared import Declared
from posture.suppression.findings.writer import CALL_WITHIN, LEAST_WITHIN
from posture.suppression.leaving import Deletion
from posture.suppression.reporting import PolicyReporter, Reported

logger = logging.getLogger(__name__)

AT_LEAST_EVERY = 30.0
_AT_MOST_EVERY = 0.5
_SOON = 1.0
_BEGINS_WITHIN = 60.0
_AFTER_A_DEFECT = 10.0
_LONGEST_AFTER_A_DEFECT = 300.0


class HubPolicies(NamedTuple):
    """What is declared for one hub, from one listing.

    `policies`: of its targets, and those that are to be undone in it. `targets`: by namespace/name, as listed
    and as admitted. `elsewhere`: the policies of other hubs, or of no target, by namespace/name. `others`:
    the policies of the hub that do not suppress findings but turn controls off, or the other way round.
    """

    policies: Sequence[Declared]
    targets: Mapping[str, tuple[Object, Admitted]]
    elsewhere: frozenset[str]
    others: Sequence[Declared] = ()

    @property
    def documents(self) -> Mapping[str, Object]:
        """Give the targets as listed, by namespace/name."""
        return {name: document for name, (document, _) in self.targets.items()}


class Ruled(Protocol):
    """A policy as the rules of its kind take it; equal to another one where nothing else is declared."""

    @property
    def terms(self) -> Terms:
        """Give its terms."""
        ...

    @property
    def phase(self) -> Phase:
        """Give what is to be done for it."""
        ...


PolicyT = TypeVar("PolicyT", bound=Ruled)
ProgressT = TypeVar("ProgressT", bound=PolicyProgress)


class HubReconciler(ABC, Generic[PolicyT, ProgressT]):
    """Runs cycles: acts on what is declared, says how far it is, and lets go of what may go.

    `name`: of what it acts on, as it begins a sentence. `hub`: as long as it leads.
    """

    def __init__(
        self, context: Context, hub: Hub, cleanup: Cleanup, reporter: PolicyReporter, name: str
    ) -> None:
        self._context = context
        self._hub = hub
        self._cleanup = cleanup
        self._reporter = reporter
        self._name = name
        self._everything = HubPolicies((), {}, frozenset())
        self._wanted: object = None
        self._progress: dict[str, tuple[PolicyT, ProgressT]] = {}
        self._failures = BackOff(_SOON, AT_LEAST_EVERY)
        self._defects = BackOff(_AFTER_A_DEFECT, _LONGEST_AFTER_A_DEFECT)
        self._news = True
        self._began: float | None = None
        self._config: Config | None = None
        self._loop = WakeLoop(self._attempt, at_most_every=_AT_MOST_EVERY, fields=self._fields)

    def update(self, everything: HubPolicies) -> None:
        """Take what is declared now; what is being written stops if that is something else."""
        if _versions(everything) != _versions(self._everything):
            self._news = True
        self._everything = everything
        policies = (each.document for each in (*everything.policies, *everything.others))
        self._cleanup.objects.keep([*policies, *everything.documents.values()])
        self.wake()

    def wake(self) -> None:
        """Run a cycle soon."""
        self._loop.wake()

    async def run(self) -> None:
        """Run a cycle whenever woken, when a policy expires, and now and then, until cancelled."""
        await self._loop.run()

    def end(self) -> None:
        """Withdraw all series."""
        self._reporter.end()

    def _fields(self) -> Mapping[str, Field]:
        return {"hub": self._hub.name, "target": self._targets}

    def _targets(self) -> Sequence[str]:
        return sorted(self._everything.targets)

    async def _attempt(self) -> float:
        """Run a cycle; return the seconds until the next one."""
        try:
            return await self._cycle()
        except (KubeError, StoreError) as error:
            logger.warning("%s could not be acted on; trying again: %s", self._name, error)
            return self._failures.after(error, AT_LEAST_EVERY)
        except Exception as error:
            # Nobody else ends with it: not the hub's other task, and not the process.
            logger.exception(
                "Acting on %s failed unexpectedly (a bug in the operator); trying again", self._name
            )
            self._news = True
            self._break_down()
            await asyncio.sleep(self._defects.after(error, _LONGEST_AFTER_A_DEFECT))
            return 0.0

    async def _cycle(self) -> float:
        """Act and report; return the seconds until the next cycle."""
        if not self._hub.leads():
            self._stand_down()
            return AT_LEAST_EVERY
        if self._began is None:
            self._began = time.monotonic()
        everything, now = self._everything, self._hub.now()
        self._news, self._config = False, self._context.config.current()
        longest = microseconds(self._config.max_suppression_age)
        found = {each.name: self._ruled(each, now, longest) for each in everything.policies}
        policies = {name: policy for name, policy in found.items() if policy is not None}
        complete = await self._act(everything, policies, now)
        failure = await self._report(everything, policies, now)
        self._defects.succeeded()
        if failure is not None:
            return self._failures.after(failure, AT_LEAST_EVERY)
        self._failures.succeeded()
        return self._pause(everything, policies, now) if complete else _SOON

    @abstractmethod
    def _ruled(self, declared: Declared, now: int, longest: int) -> PolicyT | None:
        """Return a policy as the rules take it at a moment; `longest`: how far its end may be (both µs)."""

    @abstractmethod
    async def _act(self, everything: HubPolicies, policies: Mapping[str, PolicyT], now: int) -> bool:
        """Do what is to be done; whether nothing is left that could be done at once."""

    @abstractmethod
    def _error(self, progress: ProgressT | None) -> AwsError | StoreError | OwnerUnknown | None:
        """Return what keeps a policy from being acted on that is so far."""

    @abstractmethod
    def _handled(self, declared: Declared) -> str | None:
        """Return the last request by annotation whose run has ended."""

    def _break_down(self) -> None:
        """See to it that a defect holds up nobody else."""

    def _stand_down(self) -> None:
        """Forget what another holder may have made otherwise."""
        self.end()
        self._cleanup.begin_anew()
        self._wanted, self._began = None, None
        self._progress.clear()

    async def _report(
        self, everything: HubPolicies, policies: Mapping[str, PolicyT], now: int
    ) -> KubeError | None:
        """Say how far all policies are, and let go of what may go; return why one could not be told of."""
        reported = [self._reported(each, policies, now) for each in everything.policies]
        # Of those that have moved their own hub tells.
        failure = await self._reporter.report([each for each in reported if not each.case.declared.departed])
        leaving = [Deletion(each.case) for each in reported]
        # Whatever else became of their finalizers, and whoever made the marks.
        holding = [each.declared for each in leaving if each.progress and each.progress.outcome.marked]
        await self._cleanup.guard(holding, everything.documents)
        await self._let_go(leaving, now)
        return failure

    async def _let_go(self, leaving: Sequence[Deletion], now: int) -> None:
        """Let go of policies whose work is done, or whose time is over."""
        await self._cleanup.settle_sites(leaving)
        await self._cleanup.let_go(leaving, now)

    def _reported(self, declared: Declared, policies: Mapping[str, PolicyT], now: int) -> Reported:
        progress = self._current(declared, policies)
        if declared.policy is None and progress is not None and progress.outcome.phase is Phase.FROZEN:
            # What it selects is not known, nor what it would do.
            progress = None
        state = HubState(
            suspended=declared.admitted is not None and declared.admitted.target.spec.suspend,
            frozen=self._context.config.current().frozen,
            begins=self._begins(),
            error=self._error(progress),
            reading=self._hub.status.error,
        )
        facts = self._hub.status.facts
        seen = declared if facts is None else declared.seen_from(facts.account_id)
        return Reported(PolicyCase(seen, progress, state, None, now), self._handled(declared))

    def _begins(self) -> bool:
        """Whether nothing is concluded yet, and will be before long."""
        since = 0.0 if self._began is None else time.monotonic() - self._began
        return not self._progress and since < _BEGINS_WITHIN

    def _current(self, declared: Declared, policies: Mapping[str, PolicyT]) -> ProgressT | None:
        """Return how far a policy is, unless that speaks of what was declared before."""
        known = self._progress.get(declared.name)
        if known is None:
            return None
        policy, progress = known
        return progress if policy == policies.get(declared.name) else None

    def _is_outdated(self) -> bool:
        """Whether something else is declared or granted since the last cycle began, or that one broke."""
        return self._news or self._context.config.current() is not self._config

    def _seconds_left(self) -> float:
        """Return how long a write may take now; 0 where nothing may be written."""
        if self._is_outdated() or self._context.config.current().frozen or not self._hub.held():
            return 0.0
        left = min(CALL_WITHIN, self._hub.remaining())
        return left if left >= LEAST_WITHIN else 0.0

    def _pause(self, everything: HubPolicies, policies: Mapping[str, PolicyT], now: int) -> float:  # noqa: ARG002 - for those who have more to wait for
        """Return the seconds until the next cycle: when a policy expires, and now and then."""
        ends = [
            policy.terms.expires_at - now
            for policy in policies.values()
            if policy.phase in {Phase.ENFORCING, Phase.FROZEN}
        ]
        return min([AT_LEAST_EVERY, *(max(0.0, end / SECOND) for end in ends)])


def _versions(everything: HubPolicies) -> list[tuple[str, int, str | None]]:
    documents = [*(each.document for each in everything.policies), *everything.documents.values()]
    return [
        (metadata["uid"], metadata["generation"], metadata.get("deletionTimestamp"))
        for metadata in (each["metadata"] for each in documents)
    ]
