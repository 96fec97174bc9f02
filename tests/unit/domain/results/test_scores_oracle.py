"""Random organizations with rules and packs: every score is the oracle's, from the rows of an aggregator."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.results.gathering import ResultGathering
from posture.domain.results.picture import ResultsAsked, ResultsPicture, SourceState, cells_of
from posture.domain.results.rows import PackResult, Place, RuleKey, RuleResult, verdict_of
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import AccountScope, Evaluation, View, evaluate
from posture.domain.scoring.scores import Scores
from posture.domain.standards import ControlAssociation, Controls, Standard
from tests.support.examples import examples
from tests.support.oracle.config_rules import NOTHING, ScopeAnswer, TrueRule, answers

ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("eu-west-1", "us-east-1")
NAMES = ("s3-encrypted", "s3-Encrypted", "iam-mfa", "42", "securityhub-enabled")
PACKS = ("baseline", "hardening")
SIZES = (4, 3)
STATES = ("COMPLIANT", "NON_COMPLIANT", "INSUFFICIENT_DATA")


class World(NamedTuple):
    """What is true, and what a target asks for."""

    rules: tuple[TrueRule, ...]
    packs: tuple[str, ...]
    names: tuple[str, ...]
    excluded: str | None
    unread: str | None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A pack has the same rules wherever it is, each with a result or none; and it may be nowhere."""
    rules: list[TrueRule] = []
    for pack, size in zip(PACKS, SIZES, strict=True):
        names = NAMES[-size:]
        for account in ACCOUNTS:
            for region in REGIONS:
                if draw(st.booleans()):
                    for name in names:
                        state = draw(st.sampled_from(STATES))
                        lifted = state == "NON_COMPLIANT" and draw(st.booleans())
                        rules.append(TrueRule(account, region, pack, name, state, lifted))
    for account in ACCOUNTS:
        for name in draw(st.sets(st.sampled_from(NAMES))):
            state = draw(st.sampled_from(STATES))
            rules.append(TrueRule(account, REGIONS[0], "", name, state))
    by_packs = draw(st.booleans())
    return World(
        tuple(rules),
        tuple(sorted(draw(st.sets(st.sampled_from(PACKS), min_size=1)))) if by_packs else (),
        () if by_packs else tuple(sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1)))),
        draw(st.sampled_from((None, *ACCOUNTS))),
        draw(st.sampled_from((None, None, *ACCOUNTS))),
    )


def whole_name(rule: TrueRule) -> str:
    """A rule as its account calls it."""
    return f"{rule.name}-conformance-pack-{pack_id(rule)}" if rule.pack else rule.name


def pack_id(rule: TrueRule) -> str:
    """A pack's id in an account and Region."""
    return f"{rule.pack}{rule.account}{rule.region.replace('-', '')}"


def picture_of(world: World, known: dict[Place, dict[str, str]]) -> ResultsPicture:
    """What the product makes of the rows of an aggregator."""
    gathering = ResultGathering(ResultsAsked(frozenset(world.packs), frozenset(world.names)))
    by_pack: dict[tuple[str, Place], list[TrueRule]] = defaultdict(list)
    for rule in world.rules:
        place = Place(rule.account, rule.region)
        by_pack[rule.pack, place].append(rule)
        if rule.compliance != "INSUFFICIENT_DATA":
            gathering.add_rule(RuleResult(whole_name(rule), place, verdict_of(rule.compliance)))
    for (pack, place), rules in by_pack.items():
        if pack:
            states = [rule.compliance for rule in rules]
            passed, failed = states.count("COMPLIANT"), states.count("NON_COMPLIANT")
            gathering.add_pack(PackResult(pack, place, passed, failed, len(rules)))
    lifted = {RuleKey(whole_name(r), Place(r.account, r.region)) for r in world.rules if r.lifted}
    sources = [SourceState(id_, region, id_ != world.unread) for id_ in ACCOUNTS for region in REGIONS]
    return gathering.picture(known, sources, lifted)


def told_apart(world: World) -> dict[Place, dict[str, str]]:
    """Which id is whose, as it was told when the numbers differed."""
    known: dict[Place, dict[str, str]] = defaultdict(dict)
    for rule in world.rules:
        if rule.pack:
            known[Place(rule.account, rule.region)][pack_id(rule)] = rule.pack
    return known


def evaluated(world: World, picture: ResultsPicture) -> Evaluation:
    """What the product publishes."""
    listed = {name: ControlAssociation(name, enabled=True) for name in world.names}
    names = tuple(standards_of(world))
    view = View(
        names,
        Controls({name: Standard(name, "", listed, closed=bool(world.names)) for name in names}),
        AccountFilter(exclude=(world.excluded,) if world.excluded else ()),
        Grouping(None),
        (ACCOUNTS[0], REGIONS[0]),
        gaps=picture.gaps,
        members=picture.members,
    )
    return evaluate(cells_of(picture), view)


def standards_of(world: World) -> dict[str, Iterable[str] | None]:
    """The standards of a target, and what belongs to them."""
    if world.names:
        return {"config-rules": world.names}
    return {f"conformance-pack/{pack}": None for pack in world.packs}


def plain(scores: Scores | None) -> ScopeAnswer:
    """Scores as the oracle writes them."""
    return (
        NOTHING if scores is None else ScopeAnswer(*(each and (each.passed, each.scored) for each in scores))
    )


def expected_of(world: World) -> dict[str, ScopeAnswer]:
    """What the oracle says."""
    return answers(
        world.rules,
        standards=standards_of(world),
        accounts=[each for each in ACCOUNTS if each != world.excluded],
        unread=[world.unread] if world.unread else (),
    )


def assert_scores(world: World, evaluation: Evaluation) -> None:
    """All scores are the oracle's; expected ones are, or do not exist where rules have no name."""
    found = {"target": plain(evaluation.target)}
    for standard in standards_of(world):
        found[standard] = plain(evaluation.standards.get(standard))
        for account in ACCOUNTS:
            if account != world.excluded:
                scores = evaluation.accounts.get(AccountScope(standard, account))
                found[f"{standard}/{account}"] = plain(scores)
    right = expected_of(world)
    assert {key: each[:2] for key, each in found.items()} == {key: each[:2] for key, each in right.items()}
    for key, each in found.items():
        assert each.expected in (None, right[key].expected), key
        if len(standards_of(world)) == 1:
            assert each.expected == right[key].expected, key


@examples(300)
@given(worlds())
def test_scores_are_the_oracles_where_packs_have_been_told_apart(world: World) -> None:
    assert_scores(world, evaluated(world, picture_of(world, told_apart(world))))


@examples(300)
@given(worlds())
def test_packs_that_were_never_told_apart_are_right_or_have_no_score(world: World) -> None:
    picture = picture_of(world, {})
    evaluation, right = evaluated(world, picture), expected_of(world)
    unclear = evaluation.unclear
    for standard in standards_of(world):
        for account in ACCOUNTS:
            if account == world.excluded:
                continue
            scores = plain(evaluation.accounts.get(AccountScope(standard, account)))
            if account in unclear.get(standard, {}):
                assert scores == NOTHING
            else:
                assert scores[:2] == right[f"{standard}/{account}"][:2]
        hidden = standard in unclear
        assert plain(evaluation.standards[standard])[:2] == (NOTHING if hidden else right[standard])[:2]
    # What is told apart is never another's.
    assert all(
        told_apart(world)[place][id_] == name
        for place, names in picture.packs.items()
        for id_, name in names.items()
    )
