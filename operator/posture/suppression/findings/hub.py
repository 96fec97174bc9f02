"""The policies of one hub: acted on after each exact poll, by the holder of the hub's Lease alone."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress

from posture.api.model import Metadata
from posture.aws.client.errors import AwsError
from posture.config.model import Config
from posture.domain.exceptions.declaration import PolicyIdentity, TargetKnown
from posture.domain.exceptions.policy import Policy
from posture.hubs.hub import Hub
from posture.hubs.status import HubPhase
from posture.kube.errors import KubeError
from posture.reconcile.context import Context
from posture.reconcile.owner import OwnerUnknown
from posture.store.errors import StoreError
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.declared import Declared, MayWrite
from posture.suppression.findings import reconcile as rounds
from posture.suppression.findings.progress import FindingsProgress
from posture.suppression.findings.writer import FindingsWriter
from posture.suppression.leaving import Deletion
from posture.suppression.phases import PollPhase, PollPicture
from posture.suppression.policy_reconciler import HubPolicies, PolicyReconciler
from posture.suppression.reporting import PolicyReporter


def declared_findings(
    hub: Hub,
    everything: HubPolicies,
    policies: Mapping[str, Policy],
    config: Config,
    identity: PolicyIdentity,
    namespaces: Collection[str] | None,
) -> rounds.DeclaredFindings:
    """Return what is declared for the findings of a hub; `policies`: as the rules take them.

    `namespaces`: those that are watched; None: all.
    """
    return rounds.DeclaredFindings(
        policies=tuple(policies.values()),
        targets={name: admitted for name, (_, admitted) in everything.targets.items()},
        identity=identity,
        may_write=MayWrite(config.granted, hub.key.role_arn),
        known=TargetKnown(everything.elsewhere, None if namespaces is None else frozenset(namespaces)),
        turned_off=hub.status.turned_off or {},
    )


class HubSuppression(PolicyReconciler[Policy, FindingsProgress]):
    """Keeps the findings of one hub as its policies say, while this replica holds the hub's Lease.

    `owner`: gives the name by which this operator marks what it suppresses.
    """

    def __init__(
        self, context: Context, hub: Hub, owner: Callable[[], Awaitable[str]], cleanup: PolicyCleanup
    ) -> None:
        reporter = PolicyReporter(context, ("suppression", hub.name), hub.leading, cleanup.objects)
        super().__init__(context, hub, cleanup, reporter, "Policies")
        self._owner = owner
        self._rounds = rounds.Rounds(hub, FindingsWriter(context.security_hub(hub.key), self._seconds_left))
        self._ticket = 0
        self._acted_at: int | None = None
        self._failed: AwsError | OwnerUnknown | None = None
        self._requests: dict[str, tuple[str, int]] = {}

    def _stand_down(self) -> None:
        super()._stand_down()
        self._acted_at, self._failed = None, None
        self._requests.clear()

    def _ruled(self, declared: Declared, now: int, longest: int) -> Policy | None:
        return declared.at(now, longest)

    async def _act(self, everything: HubPolicies, policies: Mapping[str, Policy], now: int) -> bool:
        with suppress(OwnerUnknown, KubeError):
            owner = await self._owner()
            self._hub.own({owner, *self._context.config.current().adopt_from})
        await self._follow(everything, policies)
        return self._phase() is not PollPhase.DUE or await self._write(everything, policies, now)

    async def _follow(self, everything: HubPolicies, policies: Mapping[str, Policy]) -> None:
        """Ask for a poll whenever something else is to be done: nothing is written by an old picture."""
        config = self._context.config.current()
        admitted = {name: (each.accounts, each.target.spec) for name, (_, each) in everything.targets.items()}
        wanted = (policies, admitted, everything.elsewhere, config)
        if wanted != self._wanted:
            self._wanted = wanted
            self._ticket = self._hub.request_poll()
            self._acted_at = None
        for each in everything.policies:
            requested = Metadata.model_validate(each.document["metadata"]).requested_at
            known = self._requests.get(each.name, (None, 0))[0]
            if requested is not None and requested != known:
                self._requests[each.name] = (requested, self._hub.request_poll())
                self._ticket = self._requests[each.name][1]

    def _phase(self) -> PollPhase:
        status = self._hub.status
        picture = PollPicture(
            polled=self._hub.is_open() and status.polled,
            has_run=self._hub.has_run(self._ticket),
            is_newer=self._hub.exact_since(self._ticket),
            exact_at=status.exact_at,
        )
        return picture.phase(self._acted_at)

    async def _write(self, everything: HubPolicies, policies: Mapping[str, Policy], now: int) -> bool:
        """Plan and write; whether nothing is left that could be written at once."""
        exact_at = self._hub.status.exact_at
        config = self._context.config.current()
        watched = self._context.namespaces
        try:
            owner = await self._owner()
        except OwnerUnknown as error:
            self._failed, self._acted_at = error, exact_at
            return True
        identity = PolicyIdentity(owner, frozenset(config.adopt_from))
        declared = declared_findings(self._hub, everything, policies, config, identity, watched)

        async def guard(names: Collection[str]) -> set[str]:
            own = [each for each in everything.policies if each.name in names]
            return await self._cleanup.guard(own, everything.documents)

        result = await self._rounds.run(declared, now, guard)
        if result is None:
            return False
        self._failed = result.error
        self._progress = {
            name: (policies[name], each) for name, each in result.progress.items() if name in policies
        }
        complete = result.complete or result.error is not None or config.frozen
        self._acted_at = exact_at if complete else None
        return complete

    async def _let_go(self, leaving: Sequence[Deletion], now: int) -> None:
        """Let go of policies, remembering those that leave marks, and of targets that none needs any more."""
        retained = [each.declared.name for each in leaving if each.goes_unwritten]
        if retained and not await self._rounds.retain(retained):
            leaving = [each for each in leaving if not each.goes_unwritten]
        await self._cleanup.settle_sites(leaving)
        gone = await self._cleanup.let_go(leaving, now)
        # By what is declared now: a policy may have been made, and held, since this cycle began.
        everything = self._everything
        targets = list(everything.documents.values())
        await self._cleanup.release_targets(targets, [*everything.policies, *everything.others], gone, now)

    def _begins(self) -> bool:
        # A first sweep takes its time, and is told.
        return self._hub.status.phase is not HubPhase.SYNCING and super()._begins()

    def _error(self, _: FindingsProgress | None) -> AwsError | StoreError | OwnerUnknown | None:
        return self._failed or self._hub.status.error

    def _handled(self, declared: Declared) -> str | None:
        """Return the last request by annotation whose run has ended."""
        before = self._reporter.status_before(declared, self._hub.now()).last_handled_request
        requested, ticket = self._requests.get(declared.name, (None, 0))
        if requested is None or not self._hub.has_run(ticket) or self._phase() is PollPhase.DUE:
            return before
        return requested
