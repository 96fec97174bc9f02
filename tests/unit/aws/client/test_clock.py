from email.utils import formatdate
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.aws.client.clock import AwsClock

LOCAL = 1_700_000_000.0


def clock(wall: float = LOCAL) -> AwsClock:
    return AwsClock(wall=lambda: wall, steady=lambda: 50.0)


def date(seconds: float) -> str:
    return formatdate(seconds // 1, usegmt=True)


@given(
    skew=st.floats(-1e7, 1e7),
    calls=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30),
)
def test_the_error_is_never_more_than_the_uncertainty(
    skew: float, calls: list[tuple[float, float, float]]
) -> None:
    learner = clock()
    now = 50.0
    for pause, there, back in calls:
        now += pause
        answered, received = now + there, now + there + back
        learner.learn(date(answered - 50 + LOCAL + skew), now, received)
        assert learner.uncertainty is not None
        assert learner.uncertainty <= (1 + there + back) * 1e6 + 2
        truth = (now - 50 + LOCAL + skew) * 1e6
        assert abs(learner.at(now) - truth) <= learner.uncertainty + 2


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(-100, 100)), min_size=2, max_size=40))
def test_stamps_only_grow_whatever_is_learned(steps: list[tuple[float, float]]) -> None:
    learner = clock()
    now = 50.0
    stamps = []
    for pause, skew in steps:
        now += pause
        stamps.append(learner.stamp(now))
        learner.learn(date(now - 50 + LOCAL + skew), now, now)
    assert all(earlier < later for earlier, later in pairwise(stamps))


def test_a_right_clock_is_left_alone() -> None:
    learner = clock()
    for tenth in range(100):
        now = 50 + tenth / 10
        learner.learn(date(now - 50 + LOCAL), now, now + 0.05)
        assert learner.at(now) == pytest.approx((now - 50 + LOCAL) * 1e6, abs=1)


@pytest.mark.parametrize("header", [None, "", "soon", "Sat, 99 Nov 2026 06:00:00 GMT"])
def test_an_unreadable_date_teaches_nothing(header: str | None) -> None:
    learner = clock()
    learner.learn(header, 50.0, 50.1)
    assert learner.uncertainty is None
    assert learner.at(50.0) == int(LOCAL * 1e6)


@pytest.mark.parametrize("skew", [-600.0, 0.0, 600.0])
def test_the_time_is_the_local_one_until_aws_tells_and_then_awss(skew: float) -> None:
    wall, moment = LOCAL, 50.0
    learner = AwsClock(wall=lambda: wall, steady=lambda: moment)
    wall += 3600
    assert learner.now() == int(wall * 1e6), "a wall clock that was set right counts while nothing is known"
    learner.learn(date(LOCAL + skew), 50.0, 50.1)
    assert learner.uncertainty is not None
    assert abs(learner.now() - (LOCAL + skew) * 1e6) <= learner.uncertainty + 1
    before = learner.now()
    wall, moment = 0.0, moment + 300
    assert learner.now() == before + 300e6, "a wall clock that is set moves nothing"


def taught(*dates: float) -> AwsClock:
    """A clock that is right, and then gets answers of these dates (seconds off), a second apart."""
    learner = clock()
    learner.learn(date(LOCAL), 50.0, 50.1)
    for number, off in enumerate(dates, 1):
        now = 50.0 + number
        learner.learn(date(now - 50 + LOCAL + off), now, now + 0.1)
    return learner


@pytest.mark.parametrize("dates", [(3600,), (3600, 3600), (3600, 3600, 0), (3600, -3600, 3600, -3600)])
def test_an_answer_that_is_dated_far_off_is_not_believed_alone(dates: tuple[float, ...]) -> None:
    assert abs(taught(*dates).at(60.0) - (LOCAL + 10) * 1e6) <= 2e6


@pytest.mark.parametrize("off", [3600.0, -3600.0])
def test_three_in_a_row_that_agree_are_believed_and_so_is_the_way_back(off: float) -> None:
    learner = taught(off, off, off)
    assert abs(learner.at(60.0) - (LOCAL + 10 + off) * 1e6) <= 2e6
    for number in range(3):
        now = 60.0 + number
        learner.learn(date(now - 50 + LOCAL), now, now + 0.1)
    assert abs(learner.at(70.0) - (LOCAL + 20) * 1e6) <= 2e6


def test_it_is_known_for_a_day_by_how_much_it_was_set_forward() -> None:
    moment = 50.0
    learner = AwsClock(wall=lambda: LOCAL, steady=lambda: moment)

    def teach(off: float) -> None:
        nonlocal moment
        for _ in range(3):
            moment += 1
            learner.learn(date(moment - 50 + LOCAL + off), moment, moment + 0.1)

    teach(7200)
    assert learner.set_forward() == 0, "the first one is no step: nothing better was known"
    teach(3600)
    assert learner.set_forward() == 0, "it was set back"
    teach(10_800)
    assert learner.set_forward() == pytest.approx(7200e6, abs=2e6), "from the earliest that it was"
    moment += 86_400 - 10
    assert learner.set_forward() == pytest.approx(7200e6, abs=2e6)
    moment += 20
    assert learner.set_forward() == 0


def test_stamps_come_back_from_what_was_learned_wrongly() -> None:
    learner = taught(3600, 3600, 3600)
    assert learner.stamp(60.0) > (LOCAL + 3000) * 1e6
    for number in range(3):
        now = 61.0 + number
        learner.learn(date(now - 50 + LOCAL), now, now + 0.1)
    assert abs(learner.stamp(70.0) - (LOCAL + 20) * 1e6) <= 2e6
