"""The planner of controls, run as an operator runs it, through histories that may be cut off anywhere."""

from collections.abc import Callable, Collection, Mapping
from copy import deepcopy

from hypothesis import strategies as st

from posture.domain.exceptions import marks
from posture.domain.exceptions.attempts import Attempts, attempted, remembered
from posture.domain.exceptions.control_plan import control_plan
from posture.domain.exceptions.control_status import Record
from posture.domain.exceptions.control_switches import (
    Association,
    ControlPlan,
    ControlPolicy,
    DeclaredControls,
    KnownControls,
    with_undone,
)
from posture.domain.exceptions.declaration import PolicyIdentity
from posture.domain.exceptions.finding_plan import Timing
from posture.domain.exceptions.policy import Terms, phase
from posture.domain.grants import Mode
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from tests.support.oracle.controls import (
    ALPHA,
    BETA,
    CONTROLS,
    DAY,
    PLACES,
    STANDARDS,
    START,
    Cloud,
    Place,
    Rule,
)

INTERVAL = 300 * 1_000_000
LATER = 7 * 3600 * 1_000_000
OWNER = "prod"
NAMES = ("security/a", "security/b", "storage/c")
STATUSES = {
    TurnedOff(place[0], place[1].upper(), *place[2:]): list(ControlStatus)[1 + index % 4]
    for index, place in enumerate(PLACES)
}

Happening = Callable[["Operator"], None]


def place_of(place: Place) -> TurnedOff:
    standard, control, account, region = place
    return TurnedOff(standard, control.upper(), account, region)


def policy_of(name: str, rule: Rule, now: int) -> ControlPolicy:
    terms = Terms(
        policy=name,
        justification=rule.text,
        approved_by="security@example.com",
        expires_at=rule.expires,
        created_at=0,
        mode=Mode.DRY_RUN if rule.dry_run else Mode.ENFORCE,
        suspended=rule.suspended,
        deleted_at=rule.deleted,
        retain=rule.retain,
    )
    return ControlPolicy(
        terms,
        phase(terms, now, longest=1000 * DAY),
        frozenset(rule.standards) or None,
        frozenset(control.upper() for control in rule.controls),
        frozenset({"eu-west-1"}),
        frozenset(rule.accounts).__contains__,
    )


class Operator:
    """Reads where policies point and where their statuses remember; `records` survive a crash."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.records: dict[str, Record] = {}
        self.attempts: Attempts = {}

    def declared(self) -> DeclaredControls:
        cloud = self.cloud
        rules = deepcopy(cloud.rules)
        return DeclaredControls(
            {name: policy_of(name, rule, cloud.now) for name, rule in rules.items()},
            PolicyIdentity(OWNER),
            lambda name, account: name not in rules or account in rules[name].granted,
        )

    def reads(self, away: Collection[str] = ()) -> set[Place]:
        """Return the places that it looks at; of accounts that are away none can be read."""
        remembered_ = {place for record in self.records.values() for place in record}
        return {
            place
            for place in PLACES
            if place[2] not in away
            and (place_of(place) in remembered_ or any(r.names(place) for r in self.cloud.rules.values()))
        }

    def plan(self, away: Collection[str] = (), *, exact: bool = True) -> ControlPlan:
        live = {place_of(place): self._live(place) for place in self.reads(away)}
        self.records = {name: each for name, each in self.records.items() if name in self.cloud.rules}
        self.attempts = remembered(self.attempts, self.cloud.now)
        seen = KnownControls(live, self.records, STATUSES if exact else None)
        made = control_plan(self.declared(), seen, Timing(self.cloud.now, INTERVAL, self.attempts))
        self.attempts = with_undone(self.attempts, made.undone, self.cloud.now)
        return made

    def _live(self, place: Place) -> Association:
        reason = self.cloud.reasons.get(place)
        return Association(reason is None, self.cloud.shown.get(place, "") if reason is None else reason)

    def run(self, away: Collection[str] = (), *, cut: int | None = None, exact: bool = True) -> ControlPlan:
        """Plan, remember, write; `cut` after that many switches memory is lost, but for the records."""
        made = self.plan(away, exact=exact)
        self.records = dict(made.intended())
        for switch in made.switches[:cut]:
            place = next(each for each in PLACES if place_of(each) == switch.place)
            marked = marks.read_control_mark(switch.reason) is not None
            self.cloud.operator(
                place, enabled=switch.enabled, policy=switch.policy, reason=switch.reason, marked=marked
            )
        if cut is not None:
            self.attempts = {}
            return made
        self.attempts = attempted(self.attempts, made.switches, self.cloud.now)
        self.records = dict(self.plan(away, exact=exact).records)
        self._let_go()
        return made

    def _let_go(self) -> None:
        """Let deleted policies go, of which nothing is left."""
        gone = [name for name, rule in self.cloud.rules.items() if rule.deleted and not self.records[name]]
        for name in gone:
            del self.cloud.rules[name], self.records[name]

    def settle(self) -> None:
        """Run, all being readable, until nothing is left to do."""
        for _ in range(6):
            self.run()
            self.cloud.now += LATER


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    seldom = st.sampled_from((False, False, False, True))
    return Rule(
        standards=draw(st.sampled_from(([], [], [STANDARDS[0]], [STANDARDS[1]]))),
        controls=draw(st.lists(st.sampled_from(CONTROLS), min_size=1, unique=True)),
        accounts=draw(st.sampled_from(([ALPHA, BETA], [ALPHA], [BETA]))),
        expires=START + draw(st.sampled_from((1, 30, 300))) * DAY,
        text=draw(st.sampled_from(("It is done another way here", "It is accepted for now"))),
        suspended=draw(seldom),
        dry_run=draw(seldom),
        retain=draw(seldom),
        granted=draw(st.sampled_from(([ALPHA, BETA], [ALPHA, BETA], [ALPHA]))),
    )


def happenings() -> st.SearchStrategy[Happening]:
    names, places = st.sampled_from(NAMES), st.sampled_from(PLACES)
    return st.one_of(
        st.builds(_person, places, st.booleans(), st.sampled_from(("", "", "It is fixed [posture.dev x]"))),
        st.builds(_declares, names, rules()),
        st.builds(_deletes, names),
        st.builds(_changes, names, st.sampled_from(("suspended", "dry_run", "retain"))),
        st.builds(_time, st.sampled_from((INTERVAL, LATER, 2 * DAY))),
        st.builds(
            _runs, st.sampled_from(((), (), (ALPHA,), (BETA,))), st.sampled_from((None, None, 0, 1, 2))
        ),
    )


def _person(place: Place, on: bool, why: str) -> Happening:
    return lambda operator: operator.cloud.person(place, on=on, why=why)


def _declares(name: str, rule: Rule) -> Happening:
    def happen(operator: Operator) -> None:
        before = operator.cloud.rules.get(name)
        if before is None or before.deleted is None:
            operator.cloud.rules[name] = deepcopy(rule)

    return happen


def _deletes(name: str) -> Happening:
    def happen(operator: Operator) -> None:
        rule = operator.cloud.rules.get(name)
        if rule is not None and rule.deleted is None:
            rule.deleted = operator.cloud.now

    return happen


def _changes(name: str, what: str) -> Happening:
    def happen(operator: Operator) -> None:
        rule = operator.cloud.rules.get(name)
        if rule is not None and rule.deleted is None:
            setattr(rule, what, not getattr(rule, what))

    return happen


def _time(passed: int) -> Happening:
    def happen(operator: Operator) -> None:
        operator.cloud.now += passed

    return happen


def _runs(away: Collection[str], cut: int | None) -> Happening:
    def happen(operator: Operator) -> None:
        operator.run(away, cut=cut)

    return happen


def held(cloud: Cloud) -> Mapping[str, set[TurnedOff]]:
    """Return what each policy holds, by the oracle."""
    found: dict[str, set[TurnedOff]] = {name: set() for name in cloud.rules}
    for place, holder in cloud.holders.items():
        if holder in found:
            found[holder].add(place_of(place))
    return found
