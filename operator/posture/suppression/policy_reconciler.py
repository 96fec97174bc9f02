"""What the tasks of a hub have in common that keep it as the policies of one kind say."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from posture.aws.client.errors import AwsError
from posture.domain.exceptions.policy import Phase, Terms
from posture.domain.time import SECOND, microseconds
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.kube.resources import Object
from posture.reconcile.access import Admitted
from posture.reconcile.context import Context
from posture.reconcile.hub_reconciler import AT_LEAST_EVERY, HubReconciler, Pass
from posture.reconcile.owner import OwnerUnknown
from posture.store.errors import StoreError
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress
from posture.suppression.declared import Declared
from posture.suppression.leaving import Deletion
from posture.suppression.reporting import PolicyReporter, ReportedPolicy


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

    @property
    def followed(self) -> Iterable[Object]:
        """Give the policies and their targets."""
        return [*(each.document for each in self.policies), *self.documents.values()]

    @property
    def known(self) -> Iterable[Object]:
        """Give these, and the other policies."""
        return [*self.followed, *(each.document for each in self.others)]


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


class PolicyReconciler(HubReconciler[HubPolicies], Generic[PolicyT, ProgressT]):
    """Acts on the policies of a hub, says how far they are, and lets go of what may go."""

    def __init__(
        self, context: Context, hub: Hub, cleanup: PolicyCleanup, reporter: PolicyReporter, name: str
    ) -> None:
        super().__init__(context, hub, HubPolicies((), {}, frozenset()), cleanup.objects, name)
        self._cleanup = cleanup
        self._reporter = reporter
        self._wanted: object = None
        self._progress: dict[str, tuple[PolicyT, ProgressT]] = {}

    def end(self) -> None:
        """Withdraw all series."""
        self._reporter.end()

    async def _pass(self, everything: HubPolicies, now: int) -> Pass:
        longest = microseconds(self._context.config.current().max_suppression_age)
        found = {each.name: self._ruled(each, now, longest) for each in everything.policies}
        policies = {name: policy for name, policy in found.items() if policy is not None}
        complete = await self._act(everything, policies, now)
        failure = await self._report(everything, policies, now)
        return Pass(complete, failure, self._pause(everything, policies, now))

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

    def _stand_down(self) -> None:
        super()._stand_down()
        self._cleanup.begin_anew()
        self._wanted = None
        self._progress.clear()

    def _has_concluded(self) -> bool:
        return bool(self._progress)

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

    def _reported(self, declared: Declared, policies: Mapping[str, PolicyT], now: int) -> ReportedPolicy:
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
        return ReportedPolicy(PolicyCase(seen, progress, state, None, now), self._handled(declared))

    def _current(self, declared: Declared, policies: Mapping[str, PolicyT]) -> ProgressT | None:
        """Return how far a policy is, unless that speaks of what was declared before."""
        known = self._progress.get(declared.name)
        if known is None:
            return None
        policy, progress = known
        return progress if policy == policies.get(declared.name) else None

    def _pause(self, everything: HubPolicies, policies: Mapping[str, PolicyT], now: int) -> float:  # noqa: ARG002 - for those who have more to wait for
        """Return the seconds until the next cycle: when a policy expires, and now and then."""
        ends = [
            policy.terms.expires_at - now
            for policy in policies.values()
            if policy.phase in {Phase.ENFORCING, Phase.FROZEN}
        ]
        return min([AT_LEAST_EVERY, *(max(0.0, end / SECOND) for end in ends)])
