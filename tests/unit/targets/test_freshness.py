"""A score is as old as it is by AWS's clock, which dated it, however wrong the machine's is."""

import pytest

from tests.support.running_target import MINUTE, SECOND, Running, SkewedHub


@pytest.mark.parametrize(
    ("ahead", "age", "reason"),
    [
        (10 * MINUTE, 11 * MINUTE, "PollOverdue"),
        (10 * MINUTE, MINUTE, "Exact"),
        (-10 * MINUTE, MINUTE, "Exact"),
        (-10 * MINUTE, 11 * MINUTE, "PollOverdue"),
    ],
)
async def test_a_score_is_as_old_as_aws_says(ahead: int, age: int, reason: str) -> None:
    async with Running(SkewedHub(ahead, age)) as running:
        await running.cluster.says(reason)
        assert running.cluster.status["score"] == 100


@pytest.mark.parametrize("ahead", [10 * MINUTE, -10 * MINUTE])
async def test_it_is_not_passed_off_as_current_for_longer(ahead: int) -> None:
    """The next look is when it gets too old, not half a minute after this one."""
    hub = SkewedHub(ahead, 10 * MINUTE - 2 * SECOND)
    async with Running(hub) as running:
        await running.cluster.says("Exact", within=2)
        await running.cluster.says("PollOverdue")
        hub.poll()
        running.target.wake()
        await running.cluster.says("Exact")
