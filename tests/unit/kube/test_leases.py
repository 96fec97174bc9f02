"""A Lease is never held twice at one time, and soon held by somebody."""

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.kube.errors import Call, Forbidden
from posture.kube.lease_terms import (
    LeaseTiming,
    Term,
)
from posture.kube.leases import Lease
from posture.kube.resources import ApiResource, Object
from tests.support.examples import examples
from tests.support.lease_world import Replica, World

TIMING = LeaseTiming()

# The slowest clock that counts the duration and the fastest that counts the deadline: 15 / 10 apart at most.
rates = st.floats(0.83, 1.2)
moments = st.floats(0.0, 240.0)
strokes = st.lists(
    st.tuples(
        moments, st.integers(0, 2), st.sampled_from(["pause", "crash", "release"]), st.floats(0.5, 40.0)
    ),
    max_size=12,
)


@examples(150)
@given(st.integers(0), st.floats(0.0, 0.9), st.lists(rates, min_size=2, max_size=3), strokes)
def test_never_two_holders_at_one_true_time(
    seed: int, trouble: float, speeds: list[float], happenings: list[tuple[float, int, str, float]]
) -> None:
    world = World(seed=seed, trouble=trouble)

    async def story() -> None:
        for rate in speeds:
            world.add(rate, offset=world.random.uniform(0.0, 1e6))
        for at, who, what, seconds in sorted(happenings):
            await asyncio.sleep(max(0.0, at - world.loop.time()))
            replica = world.replicas[who % len(speeds)]
            if what == "pause":
                replica.pause(seconds)
            else:
                await getattr(replica, what)()
        await asyncio.sleep(120.0)
        for replica in world.replicas:
            replica.network.trouble = 0.0
        # Liveness: the last late answer, the longest pause, and one duration later there is a holder.
        await asyncio.sleep(100.0)
        assert world.holder() is not None

    world.run(story)


def test_a_dead_holder_is_followed_after_the_duration_and_not_before() -> None:
    world = World()
    seen: list[float] = []

    async def story() -> None:
        first, second = world.add(), world.add()
        await asyncio.sleep(10.0)
        holder = world.holder()
        assert holder is not None
        other = second if holder is first else first
        await holder.stop()
        last_write = world.server.writes[-1][0]
        await other.lease.acquired()
        seen.append(world.loop.time() - last_write)

    world.run(story)
    assert TIMING.duration <= seen[0] <= TIMING.duration + 1.3 * TIMING.retry


def test_a_released_lease_is_followed_at_the_next_look() -> None:
    world = World()

    async def story() -> None:
        replicas = world.add(), world.add()
        await asyncio.sleep(5.0)
        holder = world.holder()
        assert holder is not None
        other = next(replica for replica in replicas if replica is not holder)
        await holder.lease.release()
        assert not holder.lease.leads()
        released = world.loop.time()
        await other.lease.acquired()
        assert world.loop.time() - released <= 1.2 * TIMING.retry

    world.run(story)


def test_a_paused_holder_finds_that_it_holds_nothing_before_the_next_one_starts() -> None:
    world = World()

    async def story() -> None:
        first = world.add()
        term = await first.lease.acquired()
        second = world.add()
        first.pause(60.0)
        ended = asyncio.ensure_future(_when_lost(world, term))
        await second.lease.acquired()
        assert not term.leads()
        assert (await ended) < world.loop.time()

    world.run(story)


async def _when_lost(world: World, term: Term) -> float:
    await term.lost()
    return world.loop.time()


def test_a_pause_shorter_than_the_deadline_keeps_the_term() -> None:
    world = World()

    async def story() -> None:
        first = world.add()
        term = await first.lease.acquired()
        world.add()
        first.pause(6.0)
        await asyncio.sleep(60.0)
        assert term.leads()

    world.run(story)
    assert [name for _, name in world.holders] == ["posture-0"]


def test_a_lost_answer_of_our_own_does_not_end_the_term() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        term = await replica.lease.acquired()
        stored = world.server.get()
        world.server.replace(stored)  # as our own renewal would, whose answer never came
        await asyncio.sleep(30.0)
        assert term.leads()

    world.run(story)


def test_a_restarted_replica_of_the_same_name_waits_like_any_other() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        await replica.lease.acquired()
        last_write = world.server.writes[-1][0]
        await replica.crash()
        await replica.lease.acquired()
        assert world.loop.time() - last_write >= TIMING.duration

    world.run(story)


def test_a_term_that_ran_out_is_not_taken_up_again() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        term = await replica.lease.acquired()
        replica.network.trouble = 1.0
        await term.lost()
        replica.network.trouble = 0.0
        again = await replica.lease.acquired()
        assert again is not term
        assert not term.leads()
        assert again.leads()

    world.run(story)


def test_who_saw_a_deleted_lease_held_waits_and_the_holder_notices() -> None:
    world = World()

    async def story() -> None:
        first = world.add()
        await first.lease.acquired()
        second = world.add()
        await asyncio.sleep(3.0)
        first.pause(30.0)
        world.server.stored = None
        await second.lease.acquired()
        assert not first.lease.leads()

    world.run(story)


def test_the_holder_of_a_deleted_lease_starts_a_new_term() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        term = await replica.lease.acquired()
        world.server.stored = None
        await term.lost()
        assert world.loop.time() <= 1.2 * TIMING.renew_every
        assert await replica.lease.acquired() is not term

    world.run(story)


def test_release_without_an_api_server_takes_seconds_and_ends_the_term() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        term = await replica.lease.acquired()
        replica.pause(3600.0)
        before = world.loop.time()
        await replica.lease.release()
        assert world.loop.time() - before <= 3.1
        assert not term.leads()
        await asyncio.sleep(3600.0)
        assert not replica.lease.leads()

    world.run(story)


def test_a_renewal_that_ends_after_the_release_starts_no_term() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        await replica.lease.acquired()
        replica.pause(TIMING.renew_every + 4.0)
        await asyncio.sleep(TIMING.renew_every + 0.5)
        writes = len(world.server.writes)
        await replica.lease.release()
        await asyncio.sleep(1.0)
        assert len(world.server.writes) == writes, "the renewal was to be in flight"
        assert not replica.lease.leads()

    world.run(story)


def test_a_failed_renewal_is_tried_again_soon() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        term = await replica.lease.acquired()
        replica.network.trouble, replica.network.fates = 1.0, ("refused",)
        before = replica.network.requests
        await term.lost()
        assert replica.network.requests - before >= 3

    world.run(story)


def test_a_lease_that_a_person_gave_to_another_is_lost() -> None:
    world = World()

    async def story() -> None:
        replica = world.add()
        term = await replica.lease.acquired()
        taken = world.server.get()
        taken["spec"]["holderIdentity"] = "somebody"
        world.server.replace(taken)
        await term.lost()
        assert world.loop.time() <= 1.2 * TIMING.renew_every
        assert replica.lease.holder_seen == "somebody"

    world.run(story)


def test_hundreds_of_leases_cost_few_calls() -> None:
    world = World()
    replicas: list[Replica] = []

    async def story() -> None:
        replicas.extend((world.add(), world.add()))
        await asyncio.sleep(600.0)

    world.run(story)
    holder, candidate = sorted(replica.network.requests for replica in replicas)
    assert holder <= 600.0 / TIMING.renew_every + 2
    assert candidate <= 600.0 / TIMING.retry + 2


class _Denied:
    """An API server that grants nothing."""

    async def get(
        self, resource: ApiResource, namespace: str | None, name: str, *, within: float | None = None
    ) -> Object:
        raise Forbidden(Call("get", resource, namespace, name), f"no {within}")

    async def create(
        self, resource: ApiResource, namespace: str | None, body: Object, *, within: float | None = None
    ) -> Object:
        raise AssertionError((resource, namespace, body, within))

    async def replace(self, resource: ApiResource, body: Object, *, within: float | None = None) -> Object:
        raise AssertionError((resource, body, within))


def test_a_missing_right_is_said_once_and_shown(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    async def story() -> None:
        lease = Lease(_Denied(), "hub", "posture", "posture-0")
        task = asyncio.ensure_future(lease.run())
        await asyncio.sleep(60.0)
        assert isinstance(lease.error, Forbidden)
        await lease.release()
        await task

    with caplog.at_level(logging.WARNING):
        world.run(story)
    assert [record.message for record in caplog.records if "Lease hub: no" in record.message] == [
        "Lease hub: no 5.0"
    ]
