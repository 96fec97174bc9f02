from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.scoring.scores import Method, Score, Scores, score, worst_first
from tests.support import oracle


@pytest.mark.parametrize(
    ("passed", "scored", "percent"),
    [
        (0, 1, 0),
        (1, 1, 100),
        (6, 10, 60),
        (357, 515, 69),
        (1, 200, 1),  # 0.5 %
        (1, 201, 0),
        (5, 8, 63),  # 62.5 %: half to even would say 62
        (7, 8, 88),  # 87.5 %
        (199, 200, 100),  # 99.5 %
        (995, 1001, 99),
        (29, 200, 15),  # 14.5 %: 100 * (29 / 200) in floats is below it
    ],
)
def test_percents_are_whole_and_round_half_up(passed: int, scored: int, percent: int) -> None:
    assert Score(passed, scored).percent == percent


_SCORES = st.integers(1, 2000).flatmap(lambda n: st.builds(Score, st.integers(0, n), st.just(n)))


@given(_SCORES)
def test_percents_are_those_of_exact_fractions(found: Score) -> None:
    assert found.percent == oracle.percent((found.passed, found.scored))
    assert found.ratio == float(Fraction(found.passed, found.scored))


@pytest.mark.parametrize("passed", [0, 1])
def test_nothing_scored_is_no_score(passed: int) -> None:
    assert score(passed, 0) is None


def test_nothing_passed_is_a_score() -> None:
    assert score(0, 3) == Score(0, 3)


def test_the_headline_is_the_chosen_methods_alone() -> None:
    scores = Scores(aws=Score(1, 2), unsuppressed=Score(1, 3))
    assert scores.headline(Method("SecurityHub")) == Score(1, 2)
    assert scores.headline(Method("ExpectedControls")) is None


def test_worst_come_first_and_the_rest_is_counted() -> None:
    scores = {
        "good": Scores(aws=Score(9, 10)),
        "bad": Scores(aws=Score(1, 10)),
        "as bad, more controls": Scores(aws=Score(2, 20)),
        "absent": Scores(expected=Score(0, 1)),
        "b": Scores(aws=Score(1, 2)),
        "a": Scores(aws=Score(1, 2)),
    }
    listed, left_out = worst_first(scores, Method.SECURITY_HUB, limit=4)
    assert listed == [
        ("as bad, more controls", Score(2, 20)),
        ("bad", Score(1, 10)),
        ("a", Score(1, 2)),
        ("b", Score(1, 2)),
    ]
    assert left_out == 1


def test_nothing_is_left_out_of_a_short_list() -> None:
    assert worst_first({"a": Scores(aws=Score(1, 2))}, Method.SECURITY_HUB) == ([("a", Score(1, 2))], 0)
    assert worst_first({}, Method.EXPECTED_CONTROLS) == ([], 0)


@given(st.dictionaries(st.integers(), _SCORES, max_size=8), st.integers(0, 8))
def test_no_scope_that_is_left_out_is_worse(scores: dict[int, Score], limit: int) -> None:
    by_scope = {scope: Scores(aws=found) for scope, found in scores.items()}
    listed, left_out = worst_first(by_scope, Method.SECURITY_HUB, limit=limit)
    assert len(listed) == min(limit, len(scores))
    assert len(listed) + left_out == len(scores)
    shown = dict(listed)
    worst_shown = max((found.ratio for found in shown.values()), default=0.0)
    assert all(found.ratio >= worst_shown for scope, found in scores.items() if scope not in shown)
