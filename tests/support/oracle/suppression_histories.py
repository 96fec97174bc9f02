"""Random histories: what people, providers and the users of policies do, in any order."""

from collections.abc import Callable
from copy import deepcopy

from hypothesis import strategies as st

from tests.support.oracle.suppression import (
    ADOPTED,
    AUTHOR,
    DAY,
    OWNER,
    PREVIOUS_NOTE,
    Record,
    Rule,
    World,
)
from tests.support.oracle.suppression_hub import SecurityHub

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
NAMES = ("security/a", "security/b", "storage/c")
AWAY = ("security/away", "unwatched/d")
CONTROLS = ("S3.1", "EC2.2")
WORKFLOWS = ("NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED")
NOTES = (
    ('{"ticket": "SEC-482"}', "jira"),
    ("seen by me", "alice"),
    ("one\ntwo …", "a tool"),
    ("n" * 512, "b" * 600),
)
"""What other tools write: text, and who they are."""
START = 1_700_000_000_000_000

Happening = Callable[[SecurityHub, World], None]


@st.composite
def rules(draw: st.DrawFn, name: str) -> Rule:
    seldom = st.sampled_from((False, False, False, False, False, True))
    return Rule(
        name=name,
        target=draw(st.sampled_from(("alpha", "alpha", "beta"))),
        controls=draw(st.lists(st.sampled_from(CONTROLS), min_size=1, max_size=2, unique=True)),
        environments=draw(st.sampled_from(([], [], ["prod"], ["dev"]))),
        but_accounts=draw(st.sampled_from(([], [], [TWO]))),
        expires=START + draw(st.sampled_from((1, 5, 30, 30, 300, 401))) * DAY,
        most=draw(st.sampled_from((1000, 1000, 2, 1))),
        text=draw(st.sampled_from(("It is accepted because of this", "It is accepted because of that"))),
        suspended=draw(seldom),
        dry_run=draw(seldom),
        stalled=draw(seldom),
        retain=draw(seldom),
    )


@st.composite
def records(draw: st.DrawFn, id_: str) -> Record:
    """A finding as it comes: unmarked, or marked by this operator, by the one before it, or by another."""
    compliance = draw(st.sampled_from(("FAILED", "FAILED", "WARNING", "PASSED", "NONE")))
    workflow = draw(st.sampled_from(WORKFLOWS))
    record = Record(
        id=id_,
        control=draw(st.sampled_from(CONTROLS)),
        account=draw(st.sampled_from((ONE, TWO, THREE))),
        compliance=compliance,
        state=draw(st.sampled_from(("ACTIVE", "ACTIVE", "ACTIVE", "ARCHIVED"))),
        workflow=workflow,
        theirs=workflow,
        fields=dict(draw(st.sampled_from(({}, {"team": "x"})))),
    )
    record.note, record.by = record.their_note = draw(st.sampled_from((("", ""), ("", ""), *NOTES)))
    owner = draw(st.sampled_from(("", "", OWNER, ADOPTED, "other-cluster")))
    if owner:
        policy, previous = draw(st.sampled_from((*NAMES, *AWAY))), draw(st.sampled_from(WORKFLOWS[:3]))
        record.fields |= {
            "posture.dev/owner": owner,
            "posture.dev/policy": policy,
            "posture.dev/previous": previous,
        }
        draw(st.sampled_from((_writes_over, _writes_over_what_was_there, _leaves)))(record)
        if owner != "other-cluster":
            record.kept_by, record.kept_theirs = policy, previous
            if workflow == "SUPPRESSED":
                record.held, record.theirs = True, previous
    return record


def _leaves(_: Record) -> None:
    """Others have written their note since it was marked."""


def _writes_over(record: Record) -> None:
    """As an operator that knew of no note before its own; what there was is gone."""
    record.note, record.by, record.their_note = "Suppressed by policy x", AUTHOR, ("", "")


def _writes_over_what_was_there(record: Record) -> None:
    """As an operator that keeps the note before its own."""
    if record.their_note[0]:
        record.fields |= {PREVIOUS_NOTE: record.note, f"{PREVIOUS_NOTE}-by": record.by}
    record.note, record.by = "Suppressed by policy x", AUTHOR


@st.composite
def scenes(draw: st.DrawFn) -> tuple[SecurityHub, World]:
    found = {id_: draw(records(id_)) for id_ in map(str, range(draw(st.integers(1, 6))))}
    hub = SecurityHub(found, draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    watched = draw(st.sampled_from((None, ("security", "storage"))))
    return hub, World(START, {name: draw(rules(name)) for name in names}, {AWAY[0]}, watched)


def happenings(*, clock: bool = True) -> st.SearchStrategy[Happening]:
    return st.one_of(_people(), _providers(), _declarations(), *((_clocks(),) if clock else ()))


_IDS = st.sampled_from(("0", "1", "2", "3", "4", "5"))


def _people() -> st.SearchStrategy[Happening]:
    def sets(id_: str, workflow: str) -> Happening:
        return _to_finding(id_, lambda hub: hub.person_sets(id_, workflow))

    def tags(id_: str, value: str) -> Happening:
        return _to_finding(id_, lambda hub: hub.person_tags(id_, value))

    def notes(id_: str, note: tuple[str, str]) -> Happening:
        return _to_finding(id_, lambda hub: hub.person_writes_note(id_, *note))

    def takes_over(id_: str) -> Happening:
        return _to_finding(id_, lambda hub: hub.person_takes_over(id_))

    return st.one_of(
        st.builds(sets, _IDS, st.sampled_from(WORKFLOWS)),
        st.builds(tags, _IDS, st.sampled_from(("x", "y"))),
        st.builds(notes, _IDS, st.sampled_from(NOTES)),
        st.builds(takes_over, _IDS),
    )


def _providers() -> st.SearchStrategy[Happening]:
    def changes(id_: str, compliance: str, state: str) -> Happening:
        return _to_finding(id_, lambda hub: hub.provider(id_, compliance, state))

    def comes(record: Record) -> Happening:
        # The strategy's record is drawn once, and hypothesis runs a history more than once.
        return lambda hub, _: hub.records.update({record.id: deepcopy(record)})

    def goes(id_: str) -> Happening:
        return _to_finding(id_, lambda hub: hub.provider_deletes(id_))

    return st.one_of(
        st.builds(
            changes,
            _IDS,
            st.sampled_from(("FAILED", "PASSED", "WARNING")),
            st.sampled_from(("ACTIVE", "ACTIVE", "ARCHIVED")),
        ),
        st.builds(comes, st.sampled_from(("3", "6")).flatmap(records)),
        st.builds(goes, _IDS),
    )


def _to_finding(id_: str, happening: Callable[[SecurityHub], None]) -> Happening:
    return lambda hub, _: happening(hub) if id_ in hub.records else None


def _declarations() -> st.SearchStrategy[Happening]:
    def writes(rule: Rule) -> Happening:
        def apply(_: SecurityHub, world: World) -> None:
            there = world.rules.get(rule.name)
            # A target is immutable, and so is a deletion.
            target, deleted = (there.target, there.deleted) if there else (rule.target, None)
            world.rules[rule.name] = deepcopy(rule)
            world.rules[rule.name].target, world.rules[rule.name].deleted = target, deleted

        return apply

    def deletes(name: str) -> Happening:
        def apply(_: SecurityHub, world: World) -> None:
            if name in world.rules and world.rules[name].deleted is None:
                world.rules[name].deleted = world.now

        return apply

    def vanishes(name: str) -> Happening:
        def apply(_: SecurityHub, world: World) -> None:
            world.rules.pop(name, None)

        return apply

    def moves() -> Happening:
        """Make another hub's policy, or delete it."""
        return lambda _, world: world.elsewhere.symmetric_difference_update({AWAY[0]})

    def grants(namespace: str, account: str) -> Happening:
        return lambda _, world: world.forbidden.symmetric_difference_update({(namespace, account)})

    names = st.sampled_from(NAMES)
    return st.one_of(
        st.builds(writes, names.flatmap(rules)),
        st.builds(deletes, names),
        st.builds(vanishes, names),
        st.builds(moves),
        st.builds(grants, st.sampled_from(("security", "storage")), st.sampled_from((ONE, TWO))),
    )


def _clocks() -> st.SearchStrategy[Happening]:
    def passes(time: int) -> Happening:
        def apply(_: SecurityHub, world: World) -> None:
            world.now += time

        return apply

    return st.builds(passes, st.sampled_from((DAY // 288, DAY // 4, DAY, 5 * DAY)))
