"""What outputs are told, as plain data, and the interface that every output implements.

Whoever reconciles an object tells what is to be shown of it, and until when; how it is shown, queued or sent
is the output's own business.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar

from posture.api.conditions import Trouble
from posture.domain.costs import CostEstimate
from posture.domain.findings import Check, Finding, Severity
from posture.domain.objectives.overdue import Overdue
from posture.domain.objectives.worst import FailedControls
from posture.domain.outbox import Outlet
from posture.domain.remediation.journal import State
from posture.domain.remediation.reasons import Reason
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.scores import Method, Score
from posture.hubs.demand import HubKey
from posture.kube.leadership import Leading
from posture.sources.failed_cache import FailedLimits
from posture.sources.findings_view import FindingsView

T = TypeVar("T")


class Shown(NamedTuple):
    """The evaluation that is published, and what it was made of."""

    key: tuple[object, ...]
    """The same key gives the same numbers."""
    scope: str
    """Digest of what is scored."""
    evaluation: Evaluation
    exact_at: int
    """µs since the epoch."""
    missing: tuple[str, ...] = ()
    """Chosen standards that are enabled nowhere; they are not in the evaluation."""
    polled_in: int | None = None
    """The hub's term in which it was polled for them; None where they are of what its store held before."""
    overdue: Overdue[Any] | None = None
    """What is overdue; None where it is not counted."""
    late: tuple[Finding, ...] = ()
    """The findings that are overdue for the longest, that first."""
    followed: FailedLimits | None = None
    """By what that was counted."""
    failed: FailedControls[Any] | None = None
    """The controls with failed findings; None where they are not counted."""
    titles: tuple[str, ...] = ()
    """Of the worst of them, in their order."""

    @property
    def pooled(self) -> bool:
        """Whether there is a score over all chosen standards: not over some of them."""
        return not self.missing


class RestoredScores(NamedTuple):
    """The scores that an earlier leader left in the status."""

    metric: str
    """The end of the families' names: the method by which all of them were made."""
    target: Score | None
    standards: Mapping[str, Score]
    workloads: Mapping[tuple[str, str, str], Score]
    exact_at: int
    """µs since the epoch."""


class ObjectiveLimits(NamedTuple):
    """What a target aims at; None, or no entry, where it does not."""

    minimum_score: float | None
    """Percent."""
    max_drop: float | None
    """Points of percent."""
    resolve_within: Mapping[Severity, float]
    """Seconds by severity."""


class TargetHub(NamedTuple):
    """The hub of a target, as its metrics name it, and the method of the target's headline."""

    name: str
    account_id: str
    region: str
    method: str


class InsightReport(NamedTuple):
    """What an insight of Security Hub counts."""

    insight: str
    """As in the spec."""
    name: str
    values: int
    """Values of the attribute that findings are grouped by."""
    findings: int


class TargetReport(NamedTuple):
    """A PostureTarget as it is now."""

    namespace: str
    name: str
    conditions: Mapping[str, str]
    """Type → status."""
    objectives: ObjectiveLimits | None
    scores: Shown | RestoredScores | None
    per_control: bool
    """Whether each control is shown too."""
    drop: float | None = None
    """How far the headline is below what it is compared with, as a ratio; None where there is no trend."""
    method: Method = Method.SECURITY_HUB
    """Of the headline."""
    told_at: int = 0
    """When this is so: µs by the clock that dated the scores."""
    current_until: int = 0
    """Until when the scores are current, by that clock; no later than `told_at` where they are not."""
    hub: TargetHub | None = None
    """None while the hub has not answered."""
    insights: tuple[InsightReport, ...] = ()
    """Those of which something current is known."""
    setup: Mapping[str, bool] = MappingProxyType({})
    """Whether parts of the organization's set-up are as they should be; without those of which that is not
    known."""
    cost: CostEstimate | None = None
    """What Security Hub costs; None where that is not known."""


class PolicyReport(NamedTuple):
    """A SuppressionPolicy as it is now; what is not known is None."""

    namespace: str
    name: str
    target: str
    suppressed: int | None
    drift: int | None
    expires_at: int | None
    """µs since the epoch."""
    review_due_at: int | None
    """µs since the epoch."""
    conditions: Mapping[str, str]
    """Type → status."""


class RuleReport(NamedTuple):
    """A RemediationRule as it is now. `candidates`: by reason, how many; None where that is not known.

    `states`: entries of the journal by action and state. `ended`: remediations by action and how they ended,
    since this holder took the hub up.
    """

    namespace: str
    name: str
    target: str
    candidates: Mapping[Reason, int] | None
    conditions: Mapping[str, str]
    """Type → status."""
    states: Mapping[tuple[str, State], int] = MappingProxyType({})
    ended: Mapping[tuple[str, State], int] = MappingProxyType({})


class ObjectReport(NamedTuple):
    """The conditions of an object of any kind."""

    kind: str
    namespace: str
    name: str
    conditions: Mapping[str, str]
    """Type → status."""


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
