"""The plan of a rule with what it would touch read live: a few resources in a cycle, and remembered."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.securityhub.client import SecurityHub
from posture.config.model import Config
from posture.domain.exceptions.policy import namespace_of
from posture.domain.findings import FindingId
from posture.domain.remediation.journal import Journal
from posture.domain.remediation.plan import Plan, Planned
from posture.domain.remediation.reasons import Decision, Outcome, Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import HOUR
from posture.remediation.actions.contract import reason_of
from posture.remediation.declared import RuleTerms
from posture.remediation.engine.findings import parameters_of
from posture.remediation.engine.live import LiveLook, LiveResources, Question
from posture.remediation.planning import Moment, plan_of
from posture.remediation.survey import Surveyed

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


class _Kept(NamedTuple):
    look: LiveLook
    at: int
    cycle: int


class LivePlans:
    """Plans the rules of one hub, and remembers between two plans what was read live.

    `config`: gives the one that is in force.
    """

    def __init__(self, cloud: SecurityHub, live: LiveResources, config: Callable[[], Config]) -> None:
        self._cloud = cloud
        self._live = live
        self._config = config
        self._looks: dict[str, dict[ResourceKey, _Kept]] = {}
        self._looked_for: dict[str, RuleTerms] = {}
        self._reads: dict[str, tuple[int, int]] = {}

    async def plan(self, name: str, surveyed: Surveyed, journal: Journal, now: int, cycle: int) -> Plan:
        """Plan a rule, reading live what it would do or ask for, until all of that was read, or enough.

        `now`: µs; `cycle`: when this one began (µs).
        """
        if self._looked_for.get(name) != surveyed.terms:
            # What a resource said was an answer to another question.
            self._looks[name] = {}
            self._looked_for[name] = surveyed.terms
        looks = self._looks.setdefault(name, {})
        for key, kept in list(looks.items()):
            if _is_old(kept, now, cycle):
                del looks[key]
        moment = Moment(now, cycle, journal)
        while True:
            seen = {key: kept.look.seen for key, kept in looks.items()}
            made = await asyncio.to_thread(plan_of, surveyed, moment, seen)
            unread = made.to_read[: min(_AT_ONCE, self._reads_left(name, cycle))]
            if not unread:
                return made
            for key, look in (await self._look(name, surveyed, unread, now)).items():
                looks[key] = _Kept(look, now, cycle)
            began, used = self._reads.get(name, (cycle, 0))
            self._reads[name] = (cycle, len(unread) + (used if began == cycle else 0))

    def look_at(self, name: str, resource: ResourceKey) -> LiveLook | None:
        """Return what was read live of a resource for the plan of a rule; None: nothing was."""
        kept = self._looks.get(name, {}).get(resource)
        return None if kept is None else kept.look

    def note(self, name: str, resource: ResourceKey, outcome: Outcome, now: int, cycle: int) -> None:
        """Take in why a resource is not written to after all."""
        self._looks[name][resource] = _Kept(LiveLook(outcome), now, cycle)

    def keep(self, names: Collection[str]) -> None:
        """Forget all rules but these."""
        self._looks = {name: each for name, each in self._looks.items() if name in names}
        self._looked_for = {name: each for name, each in self._looked_for.items() if name in names}

    def _reads_left(self, name: str, cycle: int) -> int:
        began, used = self._reads.get(name, (cycle, 0))
        return LOOKS if began != cycle else max(LOOKS - used, 0)

    async def _look(
        self, name: str, surveyed: Surveyed, planned: Sequence[Planned], now: int
    ) -> Mapping[ResourceKey, LiveLook]:
        """Read resources live, with the parameters in force of their controls."""
        config = self._config()
        firsts = {each.candidate.resource: each.candidate.findings[0] for each in planned}
        try:
            parameters = await parameters_of(self._cloud, list(firsts.values()))
        except AwsError as error:
            refusal = LiveLook(Outcome(reason_of(error), f"Its findings cannot be read: {error}"))
            return dict.fromkeys(firsts, refusal)
        questions = [
            Question(
                namespace_of(name),
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


def _is_old(kept: _Kept, now: int, cycle: int) -> bool:
    """Whether a resource is to be read again for the plan."""
    outcome = kept.look.outcome
    if outcome is None or outcome.decision is Decision.WAIT or outcome.reason in _PASSING:
        return kept.cycle != cycle
    return now - kept.at > _SKIPPED_FOR
