"""The options of commands that read a target."""

from posture.api.posture_target import ScoringMethod
from posture.cli.reading.options import METHODS


def test_the_methods_are_those_of_the_api() -> None:
    assert tuple(each.value for each in ScoringMethod) == METHODS
