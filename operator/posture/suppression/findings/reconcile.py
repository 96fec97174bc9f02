"""One round: plan by what the hub knows, write what is to be written, and see how far every policy is."""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.domain.exceptions.declaration import Declaration, MayWrite, PolicyIdentity, TargetKnown
from posture.domain.exceptions.finding_plan import FindingAct, PolicyOutcome, Write
from posture.domain.exceptions.policy import Phase, Policy
from posture.domain.findings import FindingId
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.domain.time import SECOND
from posture.hubs.hub import Hub
from posture.reconcile.access import Admitted
from posture.reconcile.scope import HubView, TargetScope, TargetScopes
from posture.sources import findings_view as hub_known
from posture.store.records import FindingRef, key_of
from posture.suppression.effect import Effect
from posture.suppression.findings.following import FollowedPlan, Following
from posture.suppression.findings.progress import FindingsProgress
from posture.suppression.findings.writer import FindingRefusal, FindingsWriter, Report, Taken
from posture.suppression.kept import forget, remember, retained

logger = logging.getLogger(__name__)

# Written between two looks at what has changed meanwhile: a few seconds' worth at AWS's rate.
_AT_ONCE = 2_000
# Read by Id between two looks, 20 a call: a few seconds' worth too.
_READ_AT_ONCE = 200


class DeclaredFindings(NamedTuple):
    """What is declared for a hub, as it stands now.

    `policies`: of its targets; `targets` by namespace/name; `known`: which other policies there are;
    `turned_off`: what policies turned off, with the status it had then.
    """

    policies: Sequence[Policy]
    targets: Mapping[str, Admitted]
    identity: PolicyIdentity
    may_write: MayWrite
    known: TargetKnown
    turned_off: Mapping[TurnedOff, ControlStatus] = {}


@dataclass(frozen=True, slots=True)
class Result:
    """How far each policy is; `complete`: nothing is left that could be written at once."""

    progress: Mapping[str, FindingsProgress]
    complete: bool
    error: AwsError | None


Guard = Callable[[Collection[str]], Awaitable[set[str]]]


class Rounds:
    """The rounds of one hub. What was surveyed is kept from one to the next while its store is open."""

    def __init__(self, hub: Hub, writer: FindingsWriter) -> None:
        self._hub = hub
        self._writer = writer
        self._following: Following | None = None
        self._sights = TargetScopes()
        self._shown: dict[str, TargetScope] = {}
        self._effects: tuple[object, dict[str, Effect]] = (None, {})
        self._refusals: dict[FindingId, FindingRefusal] = {}

    async def run(self, declared: DeclaredFindings, now: int, guard: Guard) -> Result | None:
        """Plan and write; None where the hub's store is not open here.

        `now`: µs. `guard`: has policies wait for their clean-up before anything is written for them, and
        returns those that will. Raises StoreError.
        """
        moment = await self._plan(declared, now)
        if moment is None or self._following is None:
            return None
        writes = await self._guarded(moment.plan.writes, guard)
        report, todo, known = Report(), len(writes), set[FindingId]()
        if writes:
            known, error = await self._known_now([each.finding for each in writes[:_AT_ONCE]])
            moment = await self._plan(declared, now)
            if moment is None:
                return None
            writes = [each for each in moment.plan.writes if each.finding in known]
            report = await self._writer.write(await self._guarded(writes, guard), self._take)
            report.error = report.error or error
            await self._settle(report, now)
            moment = await self._plan(declared, now)
        if moment is None:
            return None
        effects = await self._effects_now(declared)
        self._forget_refusals(moment)
        whole = self._hub.status.marks_known
        progress = _progress(moment, self._refusals.values(), effects, now, whole=whole)
        complete = report.unsent == 0 and len(known) == todo
        return Result(progress, complete, report.error)

    async def retain(self, names: Collection[str]) -> bool:
        """Remember policies that go, and leave suppressed what bears their mark; whether that is done."""

        def look(findings: hub_known.FindingsView) -> bool:
            remember(findings.kept, names)
            return True

        return await self._hub.look(look) is True

    async def _plan(self, declared: DeclaredFindings, now: int) -> FollowedPlan | None:
        facts = self._hub.status.facts
        if facts is None:
            return None
        hub = HubView(
            facts,
            self._hub.controls(),
            self._hub.names(),
            declared.turned_off,
            organizations=self._hub.status.organizations,
        )
        interval = int((self._hub.status.interval_seconds or 0) * SECOND)

        def look(findings: hub_known.FindingsView) -> FollowedPlan:
            if self._following is None or self._following.findings is not findings:
                self._following = Following(findings)
            gone = retained(findings.kept, declared.policies)
            accounts, _ = findings.rows.places()
            told = findings.told_standards()
            self._shown = self._sights.of(declared.targets, hub._replace(told=told), accounts)
            policies = [_standing(each, self._shown.get(each.scope)) for each in declared.policies]
            declaration = Declaration(
                [*policies, *gone],
                {name: sight.scope for name, sight in self._shown.items()},
                identity=declared.identity,
                may_write=declared.may_write,
                known=declared.known,
            )
            try:
                moment = self._following.plan(declaration, now, interval)
            except Exception:
                # It was broken off, and does not know what it has seen of the changes: it is begun anew.
                self._following = None
                raise
            names = [each.terms.policy for each in gone if not moment.outcomes[each.terms.policy].marked]
            forget(findings.kept, names)
            return moment

        return await self._hub.look(look)

    async def _guarded(self, writes: Sequence[Write], guard: Guard) -> list[Write]:
        """Leave out what would suppress for a policy that could go without its clean-up."""
        suppressing = {each.policy for each in writes if each.act >= FindingAct.HAND_OVER}
        guarded = await guard(suppressing) if suppressing else set()
        return [each for each in writes if each.act < FindingAct.HAND_OVER or each.policy in guarded]

    async def _take(self, taken: Taken) -> None:
        following = self._following
        for write in taken.writes:
            self._refusals.pop(write.finding, None)
        if following is not None:
            await self._hub.look(lambda _: following.wrote(taken.writes, taken.fields, taken.at))

    async def _settle(self, report: Report, now: int) -> None:
        """Remember what was refused; read by Id what is said to be gone."""
        following = self._following
        if following is None:
            return
        refused = [*report.refused, *report.again, *report.missing]
        # What failed with its call is tried again at once when calls work again: it is not noted as a try.
        for each in (*refused, *report.failed):
            self._refusals[each.write.finding] = each
        if refused:
            writes = [each.write for each in refused]
            await self._hub.look(lambda _: following.refused(writes, report.sent_at or now))
        if report.missing:
            await self._reread([each.write.finding for each in report.missing])

    async def _known_now(self, findings: Sequence[FindingId]) -> tuple[set[FindingId], AwsError | None]:
        """Read by Id what the last poll has not read, a part at once; return what is known as it is now.

        What is written takes the place of what is there: of a note, of all user-defined fields. Others may
        have written these since, and that does not touch `UpdatedAt`. Beside it: why some could not be read.
        """
        exact_at = self._hub.status.exact_at
        if exact_at is None or not self._writer.is_allowed():
            return set(findings), None
        keys = {key_of(*each): each for each in findings}
        unread = await self._hub.look(lambda findings: findings.rows.seen_before(keys, exact_at)) or []
        error = None
        try:
            await self._hub.reread(unread[:_READ_AT_ONCE])
        except AwsError as failure:
            logger.warning(
                "Findings could not be read before their update, which waits for the next round: %s", failure
            )
            error = failure
        put_off = unread if error else unread[_READ_AT_ONCE:]
        return set(findings) - {keys[each.key] for each in put_off}, error

    async def _reread(self, findings: Sequence[FindingId]) -> None:
        """Read by Id what is said to be gone, and forget the refusals of what is."""
        refs = {each: FindingRef(key_of(*each), each.id, each.product_arn) for each in findings}
        try:
            await self._hub.reread(list(refs.values()))
        except AwsError as error:
            logger.warning("Findings that Security Hub reported missing could not be looked up: %s", error)
            return
        keys = [each.key for each in refs.values()]
        there = await self._hub.look(
            lambda findings: {
                FindingId(each.product_arn, each.id) for each in findings.rows.read_findings(keys)
            }
        )
        for each in refs:
            if each not in (there or ()):
                self._refusals.pop(each, None)

    def _forget_refusals(self, moment: FollowedPlan) -> None:
        """Forget what is not to be written any more."""
        waiting = {name for name, outcome in moment.outcomes.items() if outcome.waiting or outcome.planned}
        self._refusals = {
            finding: each for finding, each in self._refusals.items() if each.write.policy in waiting
        }

    async def _effects_now(self, declared: DeclaredFindings) -> Mapping[str, Effect]:
        """Return the effects, reckoned once for each version of the hub's numbers and of what is declared."""
        following = self._following
        # What a policy says of findings that another one suppresses can change without any finding changing.
        said = tuple(declared.policies), declared.identity, declared.may_write
        key = self._hub.status.version, said, self._shown
        if following is not None and self._effects[0] != key:
            found = await self._hub.look(lambda _: following.effects(self._shown))
            self._effects = (key, found or {})
        return self._effects[1]


def _standing(policy: Policy, sight: TargetScope | None) -> Policy:
    """Freeze a policy whose target cannot be seen whole, or not as far as it selects."""
    seen = sight is not None and sight.whole and (sight.grouped or not policy.selection.by_groups)
    if policy.phase is Phase.ENFORCING and not seen:
        return replace(policy, phase=Phase.FROZEN)
    return policy


def _progress(
    moment: FollowedPlan,
    refused: Iterable[FindingRefusal],
    effects: Mapping[str, Effect],
    now: int,
    *,
    whole: bool,
) -> dict[str, FindingsProgress]:
    refusals: dict[str, list[FindingRefusal]] = {}
    for each in refused:
        refusals.setdefault(each.write.policy, []).append(each)
    return {
        name: replace(
            _of_policy(name, outcome, moment, refusals.get(name, ()), effects.get(name), now), whole=whole
        )
        for name, outcome in moment.outcomes.items()
    }


def _of_policy(
    name: str,
    outcome: PolicyOutcome,
    moment: FollowedPlan,
    refusals: Iterable[FindingRefusal],
    effect: Effect | None,
    now: int,
) -> FindingsProgress:
    return FindingsProgress(
        outcome=outcome,
        pending=moment.unseen.get(name, 0) + outcome.planned,
        held=outcome.planned,
        refusals=tuple(refusals),
        left=tuple(moment.examples.get(name, ())),
        effect=effect,
        at=now,
    )
