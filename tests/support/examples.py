"""Which examples tests are tried on: the same ones everywhere at the gate, ever new ones in a hunt.

Profiles are chosen before any test is imported: `gate` by `tests/conftest.py`, `hunt` by an option after it.
"""

import os
from collections.abc import Collection
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings  # noqa: TID251 -- this is the place that is to be used
from hypothesis.database import DirectoryBasedExampleDatabase

GATE, HUNT = "gate", "hunt"
MORE = 10
"""How many times as many examples a hunt tries of each test in one round."""

HUNT_SEED = "HUNT_SEED"
"""The variable that says with what a hunt draws the seeds of histories."""

_EXAMPLES = 100
# How long an example takes is the machine's matter, and so is how long it takes to make one.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile(GATE, _PATIENT, derandomize=True, database=None, max_examples=_EXAMPLES)
settings.register_profile(
    HUNT,
    _PATIENT,
    max_examples=_EXAMPLES * MORE,
    database=DirectoryBasedExampleDatabase(".hypothesis/hunt"),
)


def fix_them() -> None:
    """Choose the gate's profile."""
    settings.load_profile(GATE)


def examples(count: int, *, suppress: Collection[HealthCheck] = (), shrink: bool = True) -> settings:
    """Try a property test on so many examples at the gate, and on `MORE` times as many in a hunt.

    `suppress`: health checks that the test may fail, beside those that depend on the machine. `shrink`: not
    where an example is so large that making it smaller takes minutes.
    """
    chosen = settings()
    return settings(
        max_examples=count * (MORE if _hunting() else 1),
        suppress_health_check=[*chosen.suppress_health_check, *suppress],
        phases=[phase for phase in chosen.phases if shrink or phase is not Phase.shrink],
    )


def seeds(count: int) -> pytest.MarkDecorator:
    """Run a test for `seed`s: from 0 on at the gate; in a hunt `MORE` times as many that nobody has tried."""
    drawn: Collection[int] = range(count)
    if _hunting():
        random = Random(os.environ.get(HUNT_SEED, ""))
        drawn = [random.randrange(2**32) for _ in range(count * MORE)]
    return pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.seeded) for seed in drawn])


def _hunting() -> bool:
    return settings.get_current_profile_name() == HUNT
