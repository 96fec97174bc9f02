"""One pass over the rules of a hub: what goes on is taken further, then each rule is planned, and acts."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.api.remediation_rule import History as SpecHistory
from posture.api.remediation_rule import Limits, RemediationRuleSpec
from posture.domain.exceptions.policy import namespace_of
from posture.domain.remediation.journal import History, Journal, State, removable
from posture.domain.remediation.plan import Plan
from posture.domain.time import SECOND, microseconds
from posture.hubs.hub import Hub
from posture.kube.errors import Gone, Moved
from posture.remediation.declared import DeclaredRule
from posture.remediation.engine.entries import JournalEntry
from posture.remediation.engine.executor import Executor
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.looking import LivePlans
from posture.remediation.engine.settling import FindingsSettling
from posture.remediation.survey import Picture, Surveyed

logger = logging.getLogger(__name__)

_MADE_FOR = 20 * SECOND


class RuleOutcome(NamedTuple):
    """What a pass came to for one rule. `states`: entries of its journal, by action and state."""

    plan: Plan
    states: Mapping[tuple[str, State], int]


class _Made(NamedTuple):
    """A result, and what it was made of: the same again within moments need not be made again."""

    surveyed: Surveyed
    journal: frozenset[tuple[str, str]]
    at: int
    result: RuleOutcome


class Round:
    """Runs passes for the holder of a hub's Lease, and remembers between them what was read live."""

    def __init__(
        self,
        hub: Hub,
        journal: RemediationJournal,
        plans: LivePlans,
        executor: Executor,
        settling: FindingsSettling,
    ) -> None:
        self._hub = hub
        self._journal = journal
        self._plans = plans
        self._executor = executor
        self._settling = settling
        self._made: dict[str, _Made] = {}
        self.goes_on = False
        """Whether something will follow of itself before long."""

    async def run(
        self, picture: Picture | None, rules: Sequence[DeclaredRule], targets: Iterable[str], cycle: int
    ) -> dict[str, RuleOutcome]:
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
        results: dict[str, RuleOutcome] = {}
        for name, surveyed in (picture.rules if picture is not None else {}).items():
            declared = next((each for each in rules if each.name == name), None)
            if declared is None or declared.terms != surveyed.terms or picture is None:
                continue
            results[name] = await self._rule(declared, surveyed, picture, entries, cycle)
        await self._prune(own, specs)
        await self._answer(own)
        self._plans.keep(results)
        self._made = {name: each for name, each in self._made.items() if name in results}
        return results

    async def _rule(
        self,
        declared: DeclaredRule,
        surveyed: Surveyed,
        picture: Picture,
        entries: Sequence[JournalEntry],
        cycle: int,
    ) -> RuleOutcome:
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
        result = RuleOutcome(planned, states)
        self._made[name] = _Made(surveyed, _versions(known), now, result)
        return result

    async def _planned(
        self, declared: DeclaredRule, surveyed: Surveyed, entries: Sequence[JournalEntry], cycle: int
    ) -> Plan:
        journal = Journal(each.entry for each in entries)
        return await self._plans.plan(declared.name, surveyed, journal, self._hub.now(), cycle)

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
        name = declared.name
        own = {each.entry.name: each for each in entries if namespace_of(each.name) == namespace_of(name)}
        done = False
        outdated = [own[each] for each in planned.outdated if each in own]
        if outdated:
            await self._journal.remove(outdated)
            done = True
        for each in planned.to_ask:
            look = self._plans.look_at(name, each.candidate.resource)
            if look is not None and look.outcome is None:
                await self._executor.ask(declared.document, each, look.subs, surveyed.terms.rule)
                done = True
        ready = [
            each for each in planned.to_do if self._plans.look_at(name, each.candidate.resource) is not None
        ]
        for each in ready[: planned.slots]:
            why_not = await self._executor.begin(declared.document, each, own.get(each.entry), picture, cycle)
            if why_not is not None:
                self._plans.note(name, each.candidate.resource, why_not, self._hub.now(), cycle)
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
