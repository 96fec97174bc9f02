"""Two releases on the same objects: it is told soon, one of them writes, and no name is believed blindly."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.kube.client import KubeClient
from posture.kube.resources import POSTURE_TARGETS, Object
from posture.kube.status import StatusWrite, write_status
from posture.kube.writers import QUIET, Writers, release_name
from posture.reconcile.context import writers_of
from tests.support.api_server import ApiServer
from tests.support.examples import examples
from tests.support.lease_world import VirtualLoop

EVERYWHERE = "posture/posture-operator"
SOME = "team/posture-operator-0123abcd"


def target(name: str = "a", namespace: str = "security", **more: Any) -> Object:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "generation": 1}, **more}


class Release:
    """What a release does in a cycle: it lists, looks, and writes what it thinks."""

    def __init__(self, name: str, api: ApiServer, clock: "Clock") -> None:
        self.writers = Writers(name, clock=clock)
        self.told: list[str] = []
        self._api = api
        self._cycles = 0

    def list(self, name: str = "a") -> Object:
        obj = self._api.listed(name)
        self.writers.note_writer(POSTURE_TARGETS, obj)
        return obj

    async def write(self, obj: Object) -> StatusWrite:
        self._cycles += 1
        outcome = await write_status(
            cast("KubeClient", self._api),
            POSTURE_TARGETS,
            obj,
            {"score": self._cycles},
            writers=self.writers,
        )
        self.told += [note for _, note in self.writers.news()]
        return outcome

    async def cycle(self, name: str = "a") -> StatusWrite:
        return await self.write(self.list(name))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Scene:
    def __init__(self, *names: str) -> None:
        self.api, self.clock = ApiServer(target("a"), target("b"), target("c", "else")), Clock()
        self.releases = [Release(name, self.api, self.clock) for name in names]

    def writer(self, name: str = "a") -> object:
        return self.api.listed(name).get("status", {}).get("writer")


def play(story: Any) -> None:
    loop = VirtualLoop(lambda: None)
    try:
        loop.run_until_complete(story)
    finally:
        loop.close()


@pytest.mark.parametrize("order", [(EVERYWHERE, SOME), (SOME, EVERYWHERE)])
async def test_who_watches_some_namespaces_writes_there_before_who_watches_all(
    order: tuple[str, str],
) -> None:
    scene = Scene(*order)
    first, second = scene.releases
    for _ in range(20):
        await first.cycle()
        await second.cycle()
        scene.clock.now += 5.0
    assert scene.writer() == SOME
    loser = scene.releases[order.index(EVERYWHERE)]
    # Who goes on may never have seen the other one write: it was the last to come.
    assert len(loser.told) == 1
    told = [note for release in scene.releases for note in release.told]
    assert len(told) == 1 + (order[0] == SOME)
    assert all(EVERYWHERE in note and f"{SOME} writes the status" in note for note in told)
    assert await loser.cycle() is StatusWrite.NOT_OURS
    assert await loser.cycle("b") is StatusWrite.NOT_OURS, "for the whole namespace"
    assert await loser.cycle("c") is StatusWrite.WRITTEN, "and for no other"


@examples(200)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["list", "write"])), min_size=60, max_size=120),
    st.sampled_from([(EVERYWHERE, SOME), ("a/posture-operator-00000001", SOME)]),
)
def test_however_their_steps_fall_they_do_not_fight(
    steps: list[tuple[int, str]], names: tuple[str, str]
) -> None:
    """What was listed before a write of either is acted on after it."""

    async def story() -> None:
        scene = Scene(*names)
        listed: list[Object | None] = [None, None]
        history: list[object] = []
        for who, what in steps:
            release = scene.releases[who]
            if what == "list":
                listed[who] = release.list()
            elif (obj := listed[who]) is not None:
                await release.write(obj)
                if scene.writer() != (history[-1] if history else None):
                    history.append(scene.writer())
        # The one that goes on, the one that yields and finds out, and at most once more each way.
        assert len(history) <= 4, history

    play(story())


async def test_a_release_that_is_gone_is_followed_at_once_and_untold() -> None:
    """As when the namespaces that it watches were changed: its Leases have another name now."""
    scene = Scene(SOME, EVERYWHERE)
    before, after = scene.releases
    for name in ("a", "b"):
        await before.cycle(name)
    for name in ("a", "b", "a", "b"):
        assert await after.cycle(name) is StatusWrite.WRITTEN
    assert scene.writer("b") == EVERYWHERE
    assert not after.told


async def test_who_yielded_writes_again_when_nobody_else_does() -> None:
    scene = Scene(EVERYWHERE, SOME)
    loser, winner = scene.releases
    for _ in range(3):
        await loser.cycle()
        await winner.cycle()
    scene.clock.now += QUIET - 1
    assert await loser.cycle() is StatusWrite.NOT_OURS
    await winner.cycle()
    await loser.cycle()
    scene.clock.now += QUIET - 1
    assert await loser.cycle() is StatusWrite.NOT_OURS, "the other one has written since"
    scene.clock.now += 1
    assert await loser.cycle() is StatusWrite.WRITTEN
    assert await loser.cycle() is StatusWrite.WRITTEN
    assert scene.writer() == EVERYWHERE


@pytest.mark.parametrize(
    "forged",
    [None, 7, "", "x", "team/posture-operator-0", "team/other", f"{SOME} ", ["team/posture-operator"], {}],
)
async def test_what_is_no_name_of_a_release_is_written_over(forged: object) -> None:
    scene = Scene(EVERYWHERE)
    (release,) = scene.releases
    await release.cycle()
    scene.api.put({**scene.api.listed("a"), "status": {"writer": forged}})
    assert await release.cycle() is StatusWrite.WRITTEN
    assert scene.writer() == EVERYWHERE
    assert not release.told


async def test_a_replica_of_the_same_release_is_no_other_one() -> None:
    scene = Scene(SOME, SOME)
    for _ in range(3):
        for release in scene.releases:
            assert await release.cycle() in {StatusWrite.WRITTEN, StatusWrite.UNCHANGED}
            assert not release.told


async def test_an_object_that_is_gone_is_forgotten() -> None:
    scene = Scene(SOME)
    (release,) = scene.releases
    await release.cycle()
    release.writers.keep([])
    assert not release.writers._seen


def test_a_release_is_called_by_the_lease_of_its_own() -> None:
    assert writers_of("posture", None).name == release_name("posture", "") == EVERYWHERE
    name = writers_of("posture", ("b", "a")).name
    assert name == writers_of("posture", ("a", "b", "a")).name
    assert name.startswith(f"{EVERYWHERE}-")
    assert name != writers_of("posture", ("a",)).name
