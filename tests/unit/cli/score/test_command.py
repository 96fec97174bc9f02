"""The options of `posture score`."""

from posture.api.posture_target import ScoringMethod
from posture.cli.score.command import METHODS


def test_the_methods_are_those_of_the_api() -> None:
    assert tuple(each.value for each in ScoringMethod) == METHODS
