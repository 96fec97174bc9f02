"""What outputs are told, as plain data, and the interface that every output implements.

Whoever reconciles an object tells what is to be shown of it, and until when; how it is shown, queued or sent
is the output's own business.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from posture.api.conditions import Trouble
from posture.domain.findings import Check
from posture.domain.outbox import Outlet
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.hubs.demand import HubKey
from posture.kube.leadership import Leading
from posture.publish.reports import ObjectReport, PolicyReport, RuleReport, TargetReport
from posture.sources.findings_view import FindingsView

T = TypeVar("T")


class PublishedScope(NamedTuple):
    """Which findings a target's outputs may be told of: its own. `standards`: as its spec has them."""

    accounts: AccountFilter
    standards: frozenset[str]
    products: frozenset[str]

    def sees(self, check: Check, account_id: str) -> bool:
        """Whether findings of a check in an account are the target's, whatever their state."""
        if self.accounts.standing(account_id) is not AccountStanding.TARGETED:
            return False
        if check.source:
            return "*" in self.standards or not self.standards.isdisjoint(check.standards)
        return check.product in self.products


class PublishingTarget(NamedTuple):
    """That a target publishes to outputs, whoever works on it, and how much it has to publish."""

    uid: str
    namespace: str
    name: str
    outputs: tuple[str, ...]
    standards: int
    """Scores of standards that its status tells of."""
    workloads: int
    """Scores of workloads that its status tells of."""
    hub: HubKey | None = None
    """What it looks at."""
    scope: PublishedScope | None = None
    """Whose findings are its own; None: nobody's."""

    @property
    def audience(self) -> str:
        """What it is called in an outbox."""
        return f"{self.namespace}/{self.name}"


class OutboxHub(Protocol):
    """A hub, as far as an output has to do with it."""

    @property
    def name(self) -> str:
        """What its events say that they are of."""
        ...

    def leading(self) -> float:
        """Seconds for which this replica speaks for the hub whatever happens; 0 when it does not."""
        ...

    def now(self) -> int:
        """Return the time (µs) by AWS's clock."""
        ...

    async def look(self, look: Callable[[FindingsView], T]) -> T | None:
        """Run a function in the hub's thread; None where its store is not open here. Raises StoreError."""
        ...

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call a listener in the event loop whenever the status has changed."""
        ...


class Delivery(NamedTuple):
    """How publishing a target to one output goes."""

    output: str
    last_success: int | None = None
    """When the destination last took anything of it: µs since the epoch; None where that is not known."""
    queued: int | None = None
    """What waits to be sent; None where nothing can be."""
    trouble: Trouble | None = None
    """Why it does not go."""
    note: str = ""
    """What else should be known: sentences."""


class Sink:
    """An output. Each report replaces what its owner told before; what is withdrawn is shown no more.

    `leading` is asked whenever something is shown: once it says 0, what was told with it is shown no more.
    For the event loop's thread; nothing here waits for a destination. What an output takes no interest in it
    leaves as it is here: nothing happens.
    """

    def declare(self, publications: Sequence[PublishingTarget]) -> None:
        """Learn which targets publish where, the oldest first: all that are declared, on any replica."""

    def connect(self, hubs: Mapping[HubKey, OutboxHub]) -> None:
        """Learn which hubs there are: what waits in their outboxes is taken from there."""

    def outlets(self, uid: str) -> frozenset[Outlet]:
        """Return the outputs that a target's hub has to tell of changes."""
        del uid
        return frozenset()

    def deliveries(self, uid: str, namespace: str, outputs: Sequence[str]) -> Sequence[Delivery]:
        """Tell how publishing a target to these outputs goes, as far as they are of this sink."""
        del uid, namespace, outputs
        return ()

    async def show_target(self, uid: str, report: TargetReport, leading: Leading) -> None:
        """Show a target, its scores and their time at one stroke; `uid`: its object's."""

    def withdraw_target(self, uid: str) -> None:
        """Show nothing of a target any more."""

    def show_policies(self, owner: Hashable, reports: Sequence[PolicyReport], leading: Leading) -> None:
        """Show the policies of one owner, and no others of it."""

    def show_rules(self, owner: Hashable, reports: Sequence[RuleReport], leading: Leading) -> None:
        """Show the rules of one owner, and no others of it."""

    def show_object(self, owner: Hashable, report: ObjectReport, leading: Leading) -> None:
        """Show the conditions of one object."""

    def withdraw(self, owner: Hashable) -> None:
        """Show nothing any more of what an owner of policies, rules or an object told."""

    def shows(self, owner: Hashable) -> bool:
        """Tell whether anything is shown that this owner told."""
        del owner
        return False


class Sinks(Sink):
    """Several outputs as one."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def declare(self, publications: Sequence[PublishingTarget]) -> None:
        """Tell all of them."""
        for sink in self._sinks:
            sink.declare(publications)

    def connect(self, hubs: Mapping[HubKey, OutboxHub]) -> None:
        """Tell all of them."""
        for sink in self._sinks:
            sink.connect(hubs)

    def outlets(self, uid: str) -> frozenset[Outlet]:
        """Return those of all of them."""
        return frozenset().union(*(sink.outlets(uid) for sink in self._sinks))

    def deliveries(self, uid: str, namespace: str, outputs: Sequence[str]) -> Sequence[Delivery]:
        """Return what all of them say."""
        return [each for sink in self._sinks for each in sink.deliveries(uid, namespace, outputs)]

    async def show_target(self, uid: str, report: TargetReport, leading: Leading) -> None:
        """Show it in all of them."""
        for sink in self._sinks:
            await sink.show_target(uid, report, leading)

    def withdraw_target(self, uid: str) -> None:
        """Withdraw it from all of them."""
        for sink in self._sinks:
            sink.withdraw_target(uid)

    def show_policies(self, owner: Hashable, reports: Sequence[PolicyReport], leading: Leading) -> None:
        """Show them in all."""
        for sink in self._sinks:
            sink.show_policies(owner, reports, leading)

    def show_rules(self, owner: Hashable, reports: Sequence[RuleReport], leading: Leading) -> None:
        """Show them in all."""
        for sink in self._sinks:
            sink.show_rules(owner, reports, leading)

    def show_object(self, owner: Hashable, report: ObjectReport, leading: Leading) -> None:
        """Show it in all of them."""
        for sink in self._sinks:
            sink.show_object(owner, report, leading)

    def withdraw(self, owner: Hashable) -> None:
        """Withdraw it from all of them."""
        for sink in self._sinks:
            sink.withdraw(owner)

    def shows(self, owner: Hashable) -> bool:
        """Tell whether any of them shows something of it."""
        return any(sink.shows(owner) for sink in self._sinks)
