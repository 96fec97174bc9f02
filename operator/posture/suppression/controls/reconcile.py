"""One round over the controls of a hub: look, plan, have it remembered, write, and see how far it is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from posture.aws.client.errors import AwsError
from posture.domain.exceptions.attempts import Attempts, attempted, remembered
from posture.domain.exceptions.control_plan import claimed, control_plan
from posture.domain.exceptions.control_status import Record, statuses_of
from posture.domain.exceptions.control_switches import (
    ControlAct,
    ControlPlan,
    DeclaredControls,
    KnownControls,
    Switch,
    with_undone,
)
from posture.domain.exceptions.finding_plan import Timing
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.domain.time import microseconds
from posture.hubs.hub import Hub
from posture.reconcile.member_roles import AccountRegion, MemberRoles, Role
from posture.sources.findings_view import FindingsView
from posture.suppression.controls.account import AccountControls, ControlRefusal
from posture.suppression.controls.declared import Reach
from posture.suppression.controls.reader import ControlReader
from posture.suppression.kept import load_attempts, save_attempts

logger = logging.getLogger(__name__)

_ATTEMPTS = "controls.tries"
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class WantedControls:
    """What is to be done in a round.

    `reaches`: where to look. `interval`: between polls, µs. `window`: inside which findings say what status a
    control has.
    """

    declared: DeclaredControls
    roles: MemberRoles
    reaches: Mapping[AccountRegion, Reach]
    interval: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class ControlResult:
    """A plan after what it planned was written; by spot what could not be read, by place what was refused."""

    plan: ControlPlan
    refusals: Mapping[TurnedOff, ControlRefusal]
    errors: Mapping[AccountRegion, AwsError]
    unseen: frozenset[TurnedOff]
    absent: frozenset[TurnedOff]


Prepare = Callable[[ControlPlan], Awaitable[Collection[str]]]


class ControlRounds:
    """The rounds of one hub. `open_` reaches one spot through a role.

    `seconds_left`: how long a write may take now, asked before each call.
    """

    def __init__(
        self,
        hub: Hub,
        open_: Callable[[AccountRegion, Role], AccountControls],
        seconds_left: Callable[[], float],
    ) -> None:
        self._hub = hub
        self._seconds_left = seconds_left
        self._looking = ControlReader(open_)
        self._attempts: Attempts | None = None
        self._refusals: dict[TurnedOff, ControlRefusal] = {}
        self._discovery: int | None = None

    @property
    def found(self) -> Collection[TurnedOff]:
        """What the last look has found."""
        return self._looking.live.keys()

    async def look(self, wanted: WantedControls, now: int) -> None:
        """Read the controls of all spots (`now` in µs)."""
        controls = self._hub.controls()

        def everything(standard: str) -> Iterable[str]:
            facts = controls.standards.get(standard)
            return (each.id for each in facts.controls.values()) if facts else ()

        await self._looking.look(wanted.reaches, controls.spelled, everything, now)

    def search_anew(self) -> None:
        """Look for marks that nothing remembers the next time."""
        self._looking.search_anew()

    async def run(
        self, wanted: WantedControls, records: Mapping[str, Record], now: int, prepare: Prepare | None
    ) -> ControlResult | None:
        """Plan by what was read last, and write; None where the hub's store is not open here.

        Nothing may be written by an old picture: a person may have turned a control off since. `prepare`: has
        policies wait for their clean-up, and remembers what will be off; returns those for which anything may
        be turned off. Without it nothing is written. Raises StoreError.
        """
        if self._attempts is None:
            self._attempts = await self._hub.look(lambda findings: load_attempts(findings.kept, _ATTEMPTS))
        if self._attempts is None:
            return None
        records = {name: self._present(record) for name, record in records.items()}
        planned = await self._plan(wanted, records, now)
        if prepare is None or planned is None or not planned.switches or not self._seconds_left():
            return self._result(planned, records)
        ready = await prepare(planned)
        allowed = [
            each for each in planned.switches if each.act < ControlAct.HAND_OVER or each.policy in ready
        ]
        done = await self._write(wanted.roles, allowed, now)
        after = _remembering(planned, done)
        return self._result(await self._plan(wanted, after, now), records)

    def _present(self, record: Record) -> Record:
        return {place: was for place, was in record.items() if place not in self._looking.absent}

    async def _plan(
        self, wanted: WantedControls, records: Mapping[str, Record], now: int
    ) -> ControlPlan | None:
        """Plan in the hub's thread, as controls of many accounts are many."""
        live = {place: each.association for place, each in self._looking.live.items()}
        timing = Timing(now, wanted.interval, remembered(self._attempts or {}, now))
        controls, exact = self._hub.controls(), self._hub.status.exact_at is not None

        def think(findings: FindingsView) -> ControlPlan:
            places = claimed(wanted.declared, live)
            cells = findings.cells(microseconds(wanted.window)) if places and exact else None
            statuses = None if cells is None else statuses_of(cells, controls, places)
            return control_plan(wanted.declared, KnownControls(live, records, statuses), timing)

        planned = await self._hub.look(think)
        if planned is not None:
            await self._keep(with_undone(timing.attempts, planned.undone, now))
        return planned

    async def _write(self, roles: MemberRoles, switches: Sequence[Switch], now: int) -> list[Switch]:
        """Write, act by act, in several spots at once; return what Security Hub accepted."""
        turns = asyncio.Semaphore(_AT_ONCE)
        done: list[Switch] = []

        async def one(spot: AccountRegion, policy: str, some: Sequence[Switch]) -> None:
            def role_of(where: AccountRegion) -> Role | None:
                return roles.of(policy, where.account_id)

            account = self._looking.accounts(role_of, spot)
            if account is None:
                return
            async with turns:
                written = await account.write(some, self._looking.live, self._seconds_left)
            self._looking.wrote(written.done, now)
            sent = [*written.done, *(each.switch for each in written.refused)]
            self._refusals = {
                place: each
                for place, each in self._refusals.items()
                if place not in {switch.place for switch in sent}
            } | {each.switch.place: each for each in written.refused}
            await self._keep(attempted(self._attempts or {}, sent, now))
            done.extend(written.done)

        for _, acts in groupby(switches, key=lambda each: each.act):
            batches: dict[tuple[AccountRegion, str], list[Switch]] = {}
            for each in acts:
                spot = AccountRegion(each.place.account_id, each.place.region)
                batches.setdefault((spot, each.policy), []).append(each)
            await asyncio.gather(*(one(spot, policy, some) for (spot, policy), some in batches.items()))
        return done

    async def _keep(self, attempts: Attempts) -> None:
        """Keep the attempts that a new holder must know of."""
        if attempts == self._attempts:
            return
        self._attempts = attempts
        await self._hub.look(lambda findings: save_attempts(findings.kept, _ATTEMPTS, attempts))

    def _result(self, planned: ControlPlan | None, before: Mapping[str, Record]) -> ControlResult | None:
        if planned is None:
            return None
        planned = self._not_discovered(planned, before)
        wanted = {each.place for each in (*planned.switches, *planned.held)}
        self._refusals = {place: each for place, each in self._refusals.items() if place in wanted}
        return ControlResult(
            planned, self._refusals, self._looking.errors, self._looking.unseen, self._looking.absent
        )

    def _not_discovered(self, planned: ControlPlan, before: Mapping[str, Record]) -> ControlPlan:
        """Keep what is on again in the hub's own account and Region until its facts say so too.

        What they call off does not count there, and in the unsuppressed score only as it is remembered.
        """
        facts = self._hub.status.facts
        if facts is None:
            return planned
        home, standards = (facts.account_id, facts.region), self._hub.controls().standards
        kept: dict[str, dict[TurnedOff, ControlStatus]] = {}
        for name, record in before.items():
            for place, was in record.items():
                live = self._looking.live.get(place)
                known = standards[place.standard].controls if place.standard in standards else {}
                is_on = live is not None and live.association.enabled and place[2:] == home
                if is_on and place.control in known and not known[place.control].enabled:
                    kept.setdefault(name, {})[place] = was
        if not kept:
            return planned
        if self._discovery is None or self._hub.has_run(self._discovery):
            self._discovery = self._hub.request()
        records = {name: {**record, **kept.get(name, {})} for name, record in planned.records.items()}
        outcomes = {
            name: outcome._replace(marked=len(records[name])) for name, outcome in planned.outcomes.items()
        }
        return planned._replace(records=records, outcomes=outcomes)


def _remembering(planned: ControlPlan, done: Sequence[Switch]) -> Mapping[str, Record]:
    """Return the records after what was done."""
    made = frozenset(done)
    return planned._replace(switches=tuple(each for each in planned.switches if each in made)).intended()
