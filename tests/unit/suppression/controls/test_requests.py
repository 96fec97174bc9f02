"""A policy that turns controls off answers whoever asks for a run, however that run ends."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from posture.suppression.controls.hub import HubControls
from tests.support.hub_on_paper import OFF, Scene, nobody, policy, target, us
from tests.support.rows import finding

SECOND = 1_000_000


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, [finding(1)], target(), policy("off", disableControls=OFF))
    yield made
    made.hub.store.close()


def ask(scene: Scene, request: str) -> None:
    asks = scene.api.listed("off")
    asks["metadata"]["annotations"] = {"posture.dev/requestedAt": request}
    scene.api.put(asks)


async def cycle(scene: Scene, work: HubControls) -> float:
    work.update(scene.everything(suppressing=False))
    return await work._cycle()


def answered(scene: Scene) -> object:
    return scene.api.listed("off").get("status", {}).get("lastHandledRequest")


async def test_a_request_is_answered_where_nothing_can_be_marked(scene: Scene) -> None:
    work = HubControls(scene.world, scene.as_hub, nobody, scene.cleanup)
    for request in ("first", "second"):
        ask(scene, request)
        await cycle(scene, work)
        assert answered(scene) == request


@pytest.mark.parametrize("opened", [True, False])
async def test_a_request_is_answered_where_the_hub_was_tried_in_vain(scene: Scene, *, opened: bool) -> None:
    """As where its role is refused, or its target suspended: nothing is known of it, maybe nothing open."""
    scene.hub.status = replace(scene.hub.status, facts=None)
    scene.hub.open = opened
    work = HubControls(scene.world, scene.as_hub, us, scene.cleanup)
    ask(scene, "now")
    for _ in range(2):
        await cycle(scene, work)
        assert answered(scene) is None, "no run has ended since"
    scene.hub.requests.ended(scene.hub.requests.begun())
    await cycle(scene, work)
    assert answered(scene) == "now"


async def test_a_hub_is_not_asked_again_for_what_was_answered_before(scene: Scene) -> None:
    scene.hub.status = replace(scene.hub.status, facts=None)
    ask(scene, "now")
    asks = scene.api.listed("off")
    asks["status"] = {"lastHandledRequest": "now"}
    scene.api.put(asks)
    scene.hub.requests.begun()
    work = HubControls(scene.world, scene.as_hub, us, scene.cleanup)
    await cycle(scene, work)
    assert not scene.hub.requests._wake.is_set()


async def test_controls_of_a_shared_hub_are_read_for_requests_as_often_as_it_may_run(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.hub.apart = 30 * SECOND
    work, looks = HubControls(scene.world, scene.as_hub, us, scene.cleanup), list[int]()

    async def look(_: Any, now: int) -> None:
        looks.append(now)

    monkeypatch.setattr(work._rounds, "look", look)
    await cycle(scene, work)
    pauses = []
    for second in range(1, 100):
        scene.hub.ahead = second * SECOND
        ask(scene, f"{second}")
        pauses.append(await cycle(scene, work))
        served = second // 30 * 30
        assert answered(scene) == (f"{served}" if served else None)
    assert [after - before for before, after in pairwise(looks)] == [30 * SECOND] * 3
    assert pauses[:3] == [29.0, 28.0, 27.0], "it comes back when it may look"
