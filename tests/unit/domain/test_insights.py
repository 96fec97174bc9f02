"""What a target may be told of an insight: nothing of accounts that it does not see."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.insights import (
    MOST_VALUES,
    InsightResults,
    SeenAccounts,
    SeenInsight,
    ValueCount,
    confined_to,
    seen_by,
)

ALL = SeenAccounts(("*",), ("*",), ())
A, B = "111122223333", "222233334444"
ACCOUNTS = st.sampled_from([A, B, "333344445555", "444455556666"])
GLOBS = st.lists(st.one_of(ACCOUNTS, st.sampled_from(["*", "1*", "?1*", "2222*"])), max_size=3)


def counted(
    *counts: int, group_by: str = "ResourceId", accounts: frozenset[str] | None = None
) -> InsightResults:
    values = tuple(ValueCount(f"v{n:03}", count) for n, count in enumerate(counts))
    return InsightResults("some", group_by, accounts, values)


def test_all_is_told_where_all_accounts_are_seen_the_largest_first_whatever_came_first() -> None:
    seen = seen_by(counted(1, 5, 3, 5), ALL)
    assert seen is not None
    assert [each.findings for each in seen.values] == [5, 5, 3, 1]
    assert [each.value for each in seen.values[:2]] == ["v001", "v003"]
    assert (seen.name, seen.findings, seen.capped) == ("some", 14, False)


def test_a_hundred_values_may_be_more() -> None:
    for n, capped in ((MOST_VALUES - 1, False), (MOST_VALUES, True)):
        seen = seen_by(counted(*[1] * n), ALL)
        assert seen is not None
        assert seen.capped is capped


@pytest.mark.parametrize(
    "accounts",
    [
        SeenAccounts(("1111*",), ("*",), ()),
        SeenAccounts(("*",), ("1*",), ()),
        SeenAccounts(("*",), ("*",), (B,)),
        SeenAccounts((), ("*",), ()),
        SeenAccounts(("????????????",), ("*",), ()),
    ],
)
def test_nothing_is_told_that_may_be_of_other_accounts(accounts: SeenAccounts) -> None:
    assert seen_by(counted(3), accounts) is None
    assert (
        seen_by(counted(3, accounts=frozenset({B, "999999999999"})), accounts._replace(exclude=(B,))) is None
    )


def test_of_accounts_those_that_are_seen_are_told_and_others_may_have_been_left_out() -> None:
    values = (ValueCount(B, 9), ValueCount(A, 2), *(ValueCount(f"{n:012}", 1) for n in range(98)))
    results = InsightResults("accounts", "AwsAccountId", None, values)
    assert seen_by(results, SeenAccounts((A,), ("*",), ())) == SeenInsight(
        "accounts", (ValueCount(A, 2),), capped=True
    )


def test_an_insight_that_is_confined_to_accounts_that_are_seen_is_told() -> None:
    own = SeenAccounts((A, B), ("*",), ())
    assert seen_by(counted(3, accounts=frozenset({A, B})), own) is not None
    assert seen_by(counted(3, accounts=frozenset({A})), own._replace(exclude=(B,))) is not None
    assert seen_by(counted(3, accounts=frozenset({A, B})), own._replace(exclude=(B,))) is None
    assert seen_by(counted(3, accounts=frozenset()), own) is None


@pytest.mark.parametrize(
    ("asked", "only"),
    [
        ([{"Comparison": "EQUALS", "Value": A}], {A}),
        ([{"Comparison": "EQUALS", "Value": A}, {"Comparison": "EQUALS", "Value": B}], {A, B}),
        ([{"Comparison": "EQUALS", "Value": A}, {"Comparison": "PREFIX", "Value": "2"}], None),
        ([{"Comparison": "NOT_EQUALS", "Value": A}], None),
        ([{"Comparison": "PREFIX", "Value": A}], None),
        ([{"Comparison": "EQUALS"}], None),
        ([{"Value": A}], None),
        ([], None),
    ],
)
def test_only_whole_account_ids_confine(asked: list[dict[str, str]], only: set[str] | None) -> None:
    assert confined_to({"AwsAccountId": asked, "RecordState": []}) == only
    assert confined_to({"AwsAccountName": [{"Comparison": "EQUALS", "Value": A}]}) is None


@given(
    findings=st.lists(st.tuples(ACCOUNTS, st.sampled_from(["x", "y", "z"])), max_size=20),
    by_account=st.booleans(),
    confined=st.one_of(st.none(), st.frozensets(ACCOUNTS, min_size=1)),
    granted=GLOBS,
    include=GLOBS,
    exclude=GLOBS,
)
def test_what_is_told_is_what_counting_the_targets_own_findings_gives(
    findings: list[tuple[str, str]],
    by_account: bool,
    confined: frozenset[str] | None,
    granted: list[str],
    include: list[str],
    exclude: list[str],
) -> None:
    """Whatever is told can be counted from findings of the target's own accounts alone."""

    def own(account: str) -> bool:
        def any_of(globs: list[str]) -> bool:
            return any(fnmatchcase(account, glob) for glob in globs)

        return any_of(granted) and any_of(include) and not any_of(exclude)

    def counts(some: list[tuple[str, str]]) -> dict[str, int]:
        values = [account if by_account else resource for account, resource in some]
        return {value: values.count(value) for value in values}

    let_through = [each for each in findings if confined is None or each[0] in confined]
    results = InsightResults(
        "i",
        "AwsAccountId" if by_account else "ResourceId",
        confined,
        tuple(ValueCount(*each) for each in counts(let_through).items()),
    )
    seen = seen_by(results, SeenAccounts(granted, include, exclude))
    expected = counts([each for each in let_through if own(each[0])])
    if seen is None:
        assert not by_account
        assert not (confined is not None and all(map(own, confined)))
    else:
        assert dict(seen.values) == expected
        assert seen.findings == sum(expected.values())
