"""A machine whose clock is ten minutes fast: what AWS has dated, and what is to end, goes by AWS's clock."""

from datetime import UTC, datetime

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import allow, in_effect, in_hours, policy, reason, suppressed_by
from tests.support.e2e.stage import Stage

SKEW = 600


def seconds_since(text: str) -> float:
    """How long ago a time is by the machine's clock."""
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()


def test_a_clock_that_is_ten_minutes_fast_misjudges_nothing(stage: Stage, cloud: Cloud) -> None:
    cloud.control.clock(advance=-SKEW)
    allow(stage)
    name = stage.target()
    logs = policy(stage, expiresAt=in_hours(-SKEW / 2 / 3600))
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "a score that is fresh by AWS's clock", seconds=60)
    shown = stage.status(name)
    assert seconds_since(shown["scoreTime"]) > SKEW - 60
    assert seconds_since(shown["sync"]["nextTime"]) > SKEW - 60
    operator.wait(lambda: in_effect(stage), "the policy, which ends in five minutes", seconds=60)
    assert suppressed_by(cloud, f"{stage.namespace}/{logs}")
    assert reason(stage, "Expired")[0] == "False"
    cloud.control.clock(advance=SKEW)
    operator.wait(lambda: reason(stage, "Expired")[0] == "True", "the policy to expire")
    operator.wait(
        lambda: not suppressed_by(cloud, f"{stage.namespace}/{logs}"), "its findings to be reopened"
    )
    operator.wait(lambda: stage.is_current(name), "the score to stay current")
