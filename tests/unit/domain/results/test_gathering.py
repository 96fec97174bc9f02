"""What is kept of an aggregator's rows: little, and of several rules that count as one the worst."""

import tracemalloc
from itertools import permutations

import pytest

from posture.domain.results.gathering import ResultGathering
from posture.domain.results.picture import ResultsAsked, cells_of, digit, failed_cells
from posture.domain.results.rows import (
    PackResult,
    Place,
    RuleKey,
    RuleResult,
    RuleVerdict,
    pack_rule,
    whole_name,
)
from posture.domain.standards import CONFIG_RULES

HERE, THERE = Place("111122223333", "eu-west-1"), Place("444455556666", "us-east-1")
PACKED = "s3-encrypted-conformance-pack-a1b2c3"
# Bytes, with its share of what an account takes: its name alone would be more than a hundred.
_MOST = 80


def gathered(*results: RuleResult, rules: frozenset[str] = frozenset()) -> ResultGathering:
    gathering = ResultGathering(ResultsAsked(frozenset({"baseline"}), rules))
    for each in results:
        gathering.add_rule(each)
    return gathering


@pytest.mark.parametrize("failing", [None, 0, 1, 25, 254])
def test_what_failed_is_said_of_the_rules_that_are_asked_about(failing: int | None) -> None:
    gathering = gathered(
        RuleResult(PACKED, HERE, RuleVerdict.FAILED, failing),
        RuleResult("s3-encrypted-conformance-pack-x9", HERE, RuleVerdict.PASSED),
        RuleResult(PACKED, THERE, RuleVerdict.PASSED),
    )
    others = ("s3-encrypted-conformance-pack-x9", "s3-encrypted", "none-conformance-pack-a1b2c3")
    asked = {RuleKey(PACKED, HERE), RuleKey(PACKED, THERE), *(RuleKey(each, HERE) for each in others)}
    assert gathering.failed(asked) == {RuleKey(PACKED, HERE): failing}
    assert gathering.failed([RuleKey(PACKED, THERE)]) == {}


def test_more_resources_than_are_counted_are_many() -> None:
    key = RuleKey(PACKED, HERE)
    assert gathered(RuleResult(PACKED, HERE, RuleVerdict.FAILED, 100_000)).failed([key]) == {key: 254}


@pytest.mark.parametrize("verdicts", list(permutations(RuleVerdict, 3)))
def test_of_rules_of_one_name_the_worst_counts(verdicts: tuple[RuleVerdict, ...]) -> None:
    names = ("s3-encrypted", PACKED, "s3-encrypted-conformance-pack-x9")
    lifted = {
        RuleKey(name, HERE)
        for name, verdict in zip(names, verdicts, strict=True)
        if verdict is RuleVerdict.LIFTED
    }
    results = (
        RuleResult(name, HERE, RuleVerdict.FAILED if verdict is RuleVerdict.LIFTED else verdict)
        for name, verdict in zip(names, verdicts, strict=True)
    )
    picture = gathered(*results, rules=frozenset({"s3-encrypted"})).picture({}, [], lifted)
    (at,) = [at for at, each in enumerate(picture.checks) if each.standards == (CONFIG_RULES,)]
    order = (RuleVerdict.NO_DATA, RuleVerdict.PASSED, RuleVerdict.LIFTED, RuleVerdict.FAILED)
    assert picture.cells[HERE.account_id][HERE.region][at] == digit(max(verdicts, key=order.index))


def test_places_have_cells_of_what_is_there_alone() -> None:
    gathering = gathered(
        RuleResult(PACKED, HERE, RuleVerdict.PASSED),
        RuleResult("mine", THERE, RuleVerdict.FAILED),
        rules=frozenset({"mine"}),
    )
    gathering.add_pack(PackResult("baseline", HERE, 1, 0, 2))
    picture = gathering.picture({}, [], ())
    assert [(each.account_id, each.check.control) for each in cells_of(picture)] == [
        (HERE.account_id, "s3-encrypted"),
        (THERE.account_id, "mine"),
    ]
    only = [each for each in picture.checks if each.control == "mine"]
    assert [each.check.control for each in cells_of(picture, only)] == ["mine"]
    assert list(cells_of(picture, ())) == []
    assert list(failed_cells(picture)) == [(only[0], THERE.account_id, THERE.region)]


@pytest.mark.parametrize(
    "rule", ["a", PACKED, "a-conformance-pack-", "-conformance-pack-b", f"{PACKED}-conformance-pack-z"]
)
def test_a_whole_name_is_put_together_from_its_parts(rule: str) -> None:
    assert whole_name(*pack_rule(rule)) == rule


def test_a_rule_takes_a_few_bytes() -> None:
    packs, rules = 500, 40
    tracemalloc.start()
    try:
        gathering = ResultGathering(ResultsAsked(frozenset({"baseline"}), frozenset()))
        for number in range(packs):
            place = Place(f"{number:012}", "eu-west-1")
            gathering.add_pack(PackResult("baseline", place, rules, 0, rules))
            for rule in range(rules):
                name = f"rule-of-a-pack-{rule}-conformance-pack-{number}"
                gathering.add_rule(RuleResult(name, Place(*place), RuleVerdict.PASSED))
        picture = gathering.picture({}, [], ())
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert sum(1 for _ in cells_of(picture)) == packs * rules
    assert taken / (packs * rules) < _MOST
