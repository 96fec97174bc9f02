"""How often the supervisor lists, and that it can be stopped whatever it is doing."""

import asyncio
from pathlib import Path

import pytest

from tests.support.supervised import Play, passing, play, target


def test_any_number_of_wakes_during_a_list_cost_one_more(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target())
        stage.cluster.gate = asyncio.Event()
        before = len(stage.cluster.lists)
        stage.supervisor.wake()
        await passing(1)
        for _ in range(1000):
            stage.supervisor.wake()
        stage.cluster.gate.set()
        await passing(30)
        assert len(stage.cluster.lists) - before == 2

    play(tmp_path, story)


def test_a_storm_of_wakes_is_paced_and_the_last_one_counts(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        before = len(stage.cluster.lists)
        for _ in range(1000):
            stage.supervisor.wake()
            await passing(0.01)
        assert 18 <= len(stage.cluster.lists) - before <= 22
        stage.cluster.targets.append(target("b"))
        stage.supervisor.wake()
        await passing(1.1)
        assert stage.shown() == {"uid-a", "uid-b"}

    play(tmp_path, story)


def test_without_any_wake_what_is_declared_is_listed_every_minute(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        before = len(stage.cluster.lists)
        await passing(600)
        assert 9 <= len(stage.cluster.lists) - before <= 10

    play(tmp_path, story)


def test_it_can_be_stopped_before_it_has_begun(tmp_path: Path) -> None:
    async def story(_stage: Play) -> None:
        pass

    play(tmp_path, story)


@pytest.mark.parametrize("steps", range(12))
def test_it_can_be_stopped_at_any_step_of_its_start(steps: int, tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        stage.cluster.targets.extend([target("a"), target("b", region="us-east-1")])
        stage.run = asyncio.create_task(stage.supervisor.run())
        for _ in range(steps):
            await passing(0)

    play(tmp_path, story)


def test_it_can_be_stopped_while_a_list_waits_and_while_a_hub_takes_its_time_to_end(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"), target("b", region="us-east-1"))
        slow, quick = stage.hubs
        slow.may_stop = asyncio.Event()
        stage.cluster.targets.clear()
        stage.supervisor.wake()
        await passing(2)
        assert quick.stopped, "one hub that takes its time holds up no other"
        asyncio.get_running_loop().call_later(3, slow.may_stop.set)

    play(tmp_path, story)


def test_a_stop_gives_up_a_list_that_never_ends(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        stage.cluster.gate = asyncio.Event()
        stage.supervisor.wake()
        await passing(5)

    play(tmp_path, story)
