"""One pass over the rules of a hub: what goes on is taken further, then each rule is planned, and acts."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.api.remediation_rule import History as SpecHistory
from posture.api.remediation_rule import Limits, RemediationRuleSpec
from posture.aws.client.errors import AwsError
from posture.aws.securityhub.client import SecurityHub
from posture.domain.exceptions.policy import namespace_of
from posture.domain.findings import FindingId
from posture.domain.remediation.journal import History, Journal, State, removable
from posture.domain.remediation.plan import Plan, Planned
from posture.domain.remediation.reasons import Decision, Outcome, Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import HOUR, SECOND, microseconds
from posture.hubs.hub import Hub
from posture.kube.errors import Gone, Moved
from posture.reconcile.context import Context
from posture.remediation.actions.contract import reason_of
from posture.remediation.declared import DeclaredRule, RuleTerms
from posture.remediation.engine.executor import Executor
from posture.remediation.engine.findings import parameters_of
from posture.remediation.engine.journal import JournalEntry, RemediationJournal
from posture.remediation.engine.live import LiveLook, LiveResources, Question
from posture.remediation.engine.settling import FindingsSettling
from posture.remediation.planning import Moment, plan_of
from posture.remediation.survey import Picture, Surveyed

logger = logging.getLogger(__name__)

LOOKS = 100
"""Resources of a rule that are read live in one cycle, at the most."""
_AT_ONCE = 20
_SKIPPED_FOR = HOUR
"""For so long (µs) a resource that is not touched for what it said is not read again for the plan."""
# What may be otherwise in the next cycle.
_PASSING = frozenset(
    {
        Reason.THROTTLED,
        Reason.PENDING,
        Reason.UNREADABLE,
        Reason.OPT_OUT_UNREADABLE,
        Reason.ACCESS_DENIED,
        Reason.DELAYED,
        Reason.OUTSIDE_WINDOW,
        Reason.CAP_REACHED,
        Reason.POLICY_UNREADABLE,
    }
)
_MADE_FOR = 20 * SECOND


class RuleResult(NamedTuple):
    """What a pass came to for one rule. `states`: entries of its journal, by action and state."""

    plan: Plan
    states: Mapping[tuple[str, State], int]


class _Made(NamedTuple):
    """A result, and what it was made of: the same again within moments need not be made again."""

    surveyed: Surveyed
    journal: frozenset[tuple[str, str]]
    at: int
    result: RuleResult


class _Kept(NamedTuple):
    look: LiveLook
    at: int
    cycle: int


class Round:
    """Runs passes for the holder of a hub's Lease, and remembers between them what was read live."""

    def __init__(
        self,
        context: Context,
        hub: Hub,
        cloud: SecurityHub,
        journal: RemediationJournal,
        live: LiveResources,
        executor: Executor,
        settling: FindingsSettling,
    ) -> None:
        self._context = context
        self._hub = hub
        self._cloud = cloud
        self._journal = journal
        self._live = live
        self._executor = executor
        self._settling = settling
        self._looks: dict[str, dict[ResourceKey, _Kept]] = {}
        self._looked_for: dict[str, RuleTerms] = {}
        self._reads: dict[str, tuple[int, int]] = {}
        self._made: dict[str, _Made] = {}
        self.goes_on = False
        """Whether something will follow of itself before long."""

    async def run(
        self, picture: Picture | None, rules: Sequence[DeclaredRule], targets: Iterable[str], cycle: int
    ) -> dict[str, RuleResult]:
        """Take all further. `targets`: of the hub, by namespace/name; `cycle`: when this one began (µs).

        Raises KubeError: nothing is known then, and nothing was begun.
        """
        self.goes_on = False
        here = frozenset(targets)
        entries = await self._journal.entries(self._hub.now())
        own = [each for each in entries if each.target in here]
        specs = {each.name: each.rule.spec for each in rules if each.rule is not None}
        self._executor.writing.acting = frozenset(each.name for each in rules if each.acts)
        self._executor.timeouts = {name: microseconds(spec.verify.timeout) for name, spec in specs.items()}
        pending = [each for each in own if needs_a_step(each)]
        for each in pending:
            self.goes_on |= await self._executor.advance(each, picture, cycle)
        if pending:
            entries = await self._journal.entries(self._hub.now())
            own = [each for each in entries if each.target in here]
        self.goes_on |= await self._settling.settle(own, specs, picture)
        results: dict[str, RuleResult] = {}
        for name, surveyed in (picture.rules if picture is not None else {}).items():
            declared = next((each for each in rules if each.name == name), None)
            if declared is None or declared.terms != surveyed.terms or picture is None:
                continue
            results[name] = await self._rule(declared, surveyed, picture, entries, cycle)
        await self._prune(own, specs)
        await self._answer(own)
        self._looks = {name: each for name, each in self._looks.items() if name in results}
        self._looked_for = {name: each for name, each in self._looked_for.items() if name in results}
        self._made = {name: each for name, each in self._made.items() if name in results}
        return results

    async def _rule(
        self,
        declared: DeclaredRule,
        surveyed: Surveyed,
        picture: Picture,
        entries: Sequence[JournalEntry],
        cycle: int,
    ) -> RuleResult:
        """Plan one rule, and carry out as much as may be begun now."""
        name, now = declared.name, self._hub.now()
        known = list(entries)
        made = self._made.get(name)
        if (
            made is not None
            and made.surveyed is surveyed
            and made.journal == _versions(known)
            and now - made.at < _MADE_FOR
        ):
            return made.result
        planned = await self._planned(declared, surveyed, known, cycle)
        if planned.acts:
            changed = await self._act(declared, surveyed, picture, planned, known, cycle)
            if changed:
                known = await self._journal.entries(self._hub.now())
                planned = await self._planned(declared, surveyed, known, cycle)
                self.goes_on |= bool(planned.to_do) and planned.slots > 0
        states = Counter(
            (each.action, each.entry.state)
            for each in known
            if each.entry.rule == name and each.entry.state is not None
        )
        result = RuleResult(planned, states)
        self._made[name] = _Made(surveyed, _versions(known), now, result)
        return result

    async def _planned(
        self, declared: DeclaredRule, surveyed: Surveyed, entries: Sequence[JournalEntry], cycle: int
    ) -> Plan:
        """Plan a rule, reading live what it would do or ask for, until all of that was read."""
        name = declared.name
        if self._looked_for.get(name) != surveyed.terms:
            # What a resource said was an answer to another question.
            self._looks[name] = {}
            self._looked_for[name] = surveyed.terms
        looks = self._looks.setdefault(name, {})
        now = self._hub.now()
        for key, kept in list(looks.items()):
            if _is_old(kept, now, cycle):
                del looks[key]
        moment = Moment(now, cycle, Journal(each.entry for each in entries))
        while True:
            seen = {key: kept.look.seen for key, kept in looks.items()}
            made = await asyncio.to_thread(plan_of, surveyed, moment, seen)
            unread = made.to_read[: min(_AT_ONCE, self._reads_left(name, cycle))]
            if not unread:
                return made
            for key, look in (await self._look(declared, surveyed, unread, now)).items():
                looks[key] = _Kept(look, now, cycle)
            began, used = self._reads.get(name, (cycle, 0))
            self._reads[name] = (cycle, len(unread) + (used if began == cycle else 0))

    def _reads_left(self, name: str, cycle: int) -> int:
        began, used = self._reads.get(name, (cycle, 0))
        return LOOKS if began != cycle else max(LOOKS - used, 0)

    async def _look(
        self, declared: DeclaredRule, surveyed: Surveyed, planned: Sequence[Planned], now: int
    ) -> dict[ResourceKey, LiveLook]:
        """Read resources live, with the parameters in force of their controls."""
        config = self._context.config.current()
        firsts = {each.candidate.resource: each.candidate.findings[0] for each in planned}
        try:
            parameters = await parameters_of(self._cloud, list(firsts.values()))
        except AwsError as error:
            refusal = LiveLook(Outcome(reason_of(error), f"Its findings cannot be read: {error}"))
            return dict.fromkeys(firsts, refusal)
        questions = [
            Question(
                namespace_of(declared.name),
                surveyed.terms,
                each.candidate.resource,
                frozenset(each.candidate.controls),
                now,
                firsts[each.candidate.resource],
                parameters.get(FindingId(*firsts[each.candidate.resource][:2]), {}),
            )
            for each in planned
        ]
        looks = await asyncio.gather(*(self._live.look(each, config) for each in questions))
        return {each.resource: look for each, look in zip(questions, looks, strict=True)}

    async def _act(
        self,
        declared: DeclaredRule,
        surveyed: Surveyed,
        picture: Picture,
        planned: Plan,
        entries: Sequence[JournalEntry],
        cycle: int,
    ) -> bool:
        """Remove what is outdated, ask, and begin what may be; whether anything was done."""
        looks = self._looks[declared.name]
        own = {
            each.entry.name: each
            for each in entries
            if namespace_of(each.name) == namespace_of(declared.name)
        }
        done = False
        outdated = [own[name] for name in planned.outdated if name in own]
        if outdated:
            await self._journal.remove(outdated)
            done = True
        for each in planned.to_ask:
            kept = looks.get(each.candidate.resource)
            if kept is not None and kept.look.outcome is None:
                await self._executor.ask(declared.document, each, kept.look.subs, surveyed.terms.rule)
                done = True
        ready = [each for each in planned.to_do if each.candidate.resource in looks]
        for each in ready[: planned.slots]:
            why_not = await self._executor.begin(declared.document, each, own.get(each.entry), picture, cycle)
            if why_not is not None:
                looks[each.candidate.resource] = _Kept(LiveLook(why_not), self._hub.now(), cycle)
            done = True
        return done

    async def _prune(self, own: Sequence[JournalEntry], specs: Mapping[str, RemediationRuleSpec]) -> None:
        """Remove entries that need not be kept; those of a rule that is gone as if it said nothing of it."""
        by_rule: defaultdict[str, list[JournalEntry]] = defaultdict(list)
        for each in own:
            by_rule[each.entry.rule].append(each)
        for name, entries in by_rule.items():
            spec = specs.get(name)
            history = spec.history if spec else SpecHistory()
            limits = spec.limits if spec else Limits()
            over = set(
                removable(
                    (each.entry for each in entries),
                    History(history.limit, microseconds(history.keep_for)),
                    microseconds(limits.per_resource.per),
                    self._hub.now(),
                )
            )
            if over:
                logger.info("%d entries of the journal of rule %s are removed", len(over), name)
                await self._journal.remove(each for each in entries if each.entry.name in over)

    async def _answer(self, own: Iterable[JournalEntry]) -> None:
        """Say that a run which was asked for has ended; of what was written meanwhile the next pass does."""
        for each in own:
            try:
                await self._journal.answer(each)
            except (Moved, Gone):
                continue


def _versions(entries: Iterable[JournalEntry]) -> frozenset[tuple[str, str]]:
    return frozenset((each.uid, str(each.document["metadata"]["resourceVersion"])) for each in entries)


def needs_a_step(entry: JournalEntry) -> bool:
    """Whether something may follow without the plan's saying so."""
    asked = entry.entry.undo and entry.entry.state in {
        State.SUCCEEDED,
        State.FAILED,
        State.AWAITING_APPROVAL,
    }
    return entry.entry.is_going or asked


def _is_old(kept: _Kept, now: int, cycle: int) -> bool:
    """Whether a resource is to be read again for the plan."""
    outcome = kept.look.outcome
    if outcome is None or outcome.decision is Decision.WAIT or outcome.reason in _PASSING:
        return kept.cycle != cycle
    return now - kept.at > _SKIPPED_FOR
