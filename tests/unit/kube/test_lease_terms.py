"""The times of a Lease that is held safely, and the clock that they are counted by."""

import math

import pytest

from posture.kube.lease_terms import (
    LeaseTiming,
)
from posture.pace import steady


@pytest.mark.parametrize(
    ("duration", "deadline", "retry"),
    [(10, 10, 2), (15, 10, 10), (15, 10, 0), (1, 2, 0.5), (math.nan, 10, 2)],
)
def test_timing_that_could_overlap_is_refused(duration: float, deadline: float, retry: float) -> None:
    with pytest.raises(ValueError, match="duration must be longer than renewDeadline"):
        LeaseTiming(duration, deadline, retry)


def test_a_duration_for_which_nobody_waits_is_refused() -> None:
    assert LeaseTiming(3600.0).duration == 3600.0
    with pytest.raises(ValueError, match="must not be more than 3600 s"):
        LeaseTiming(3600.5)


def test_the_clock_goes_on() -> None:
    assert steady() <= steady()
