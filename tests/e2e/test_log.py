"""The log, as somebody reads it who looks for what became of one target."""

from sandbox.cloud import Cloud
from tests.support.e2e.log_lines import lines, unaddressed
from tests.support.e2e.stage import Stage

ADMINISTRATOR = "111122223333"


def test_each_line_says_for_which_targets_and_in_which_round(stage: Stage, cloud: Cloud) -> None:
    cloud.control.fault("denied", "ListMembers")
    names = [stage.target(f"target-{number}") for number in range(7)]
    operator = stage.operator(arguments=["--log-level", "debug"])
    for name in names:
        operator.wait(lambda name=name: stage.is_current(name), f"the score of {name}", seconds=60)  # type: ignore[misc]
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    operator.wait(lambda: not any(map(stage.is_current, names)), "the scores to be called old")
    operator.stop()
    found = lines(operator.log())
    assert len(found) == len(operator.log().splitlines()), "every line is JSON"
    assert found[-1]["message"] == "Stopped"
    assert unaddressed(operator.log()) == []

    qualified = [f"{stage.namespace}/{name}" for name in names]
    told = [line for line in found if line["message"].startswith("PostureTarget ")]
    assert {line["target"] for line in told} == set(qualified)
    for target in qualified:
        of_target = [line for line in told if line["target"] == target]
        # What a round finds is said of it: that the score was exact, and in a later one that it is old.
        assert len({line["cycle"] for line in of_target}) >= 2
    of_hub = [line for line in found if line["logger"].startswith("posture.hubs")]
    assert any("securityhub:ListMembers" in line["message"] for line in of_hub)
    assert any("poll failed" in line["message"] for line in of_hub)
    assert {line["hub"][:12] for line in of_hub} == {"posture-hub-"}
    assert of_hub[-1]["target"] == [*qualified[:5], "+2"]
    assert not {line["cycle"] for line in told} & {line["cycle"] for line in of_hub}


def test_a_console_s_line_ends_with_the_same_fields(stage: Stage) -> None:
    name = stage.target()
    operator = stage.operator(arguments=["--log-format", "console"])
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    (line,) = [each for each in operator.log().splitlines() if "ScoreCurrent is True" in each]
    assert f" target={stage.namespace}/{name} cycle=" in line
