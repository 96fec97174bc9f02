"""A Lease is never held twice at one time, and soon held by somebody."""

import asyncio
import logging
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.kube.errors import Call, Forbidden
from posture.kube.lease_terms import (
    LeaseTiming,
    Term,
)
from posture.kube.leases import Lease, _micro_time
from posture.kube.resources import ApiResource, Object
from posture.pace import steady
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


@pytest.mark.parametrize(
    ("theirs", "waits"),
    [
        (60, 60.0),
        (1, 15.0),
        (None, 15.0),
        (3600, 3600.0),
        (3601, 3600.0),
        (2**31 - 1, 3600.0),
        (10**400, 3600.0),
        (0, 15.0),
        (-(2**31), 15.0),
        ("60", 15.0),
        ("for ever", 15.0),
        ([60], 15.0),
        (math.nan, 15.0),
        (math.inf, 15.0),
    ],
)
def test_the_longer_of_their_duration_and_ours_is_waited_for_and_an_hour_at_most(
    theirs: object, waits: float
) -> None:
    world = World()

    async def story() -> None:
        spec = {
            "holderIdentity": "old",
            "leaseDurationSeconds": theirs,
            "renewTime": "2999-01-01T00:00:00.000001Z",
        }
        world.server.create({"metadata": {"name": "hub"}, "spec": spec})
        replica = world.add()
        await replica.lease.acquired()
        assert waits <= world.loop.time() <= waits + 2.5

    world.run(story)


@pytest.mark.parametrize("transitions", [2**31 - 1, -1, "many", None, 4])
@pytest.mark.parametrize("holder", ["old", "", None, 7])
def test_whatever_a_lease_says_it_is_taken_and_renewed(transitions: object, holder: object) -> None:
    """The fields that the API server checks it reads as int32 and text; others may not even be there."""
    world = World()

    async def story() -> None:
        spec = {"holderIdentity": holder, "leaseTransitions": transitions, "renewTime": 5, "acquireTime": []}
        world.server.create({"metadata": {"name": "hub"}, "spec": spec})
        replica = world.add()
        term = await replica.lease.acquired()
        assert world.server.get()["spec"]["leaseTransitions"] == (5 if transitions == 4 else 0)
        await asyncio.sleep(60.0)
        assert term.leads()

    world.run(story)


def test_a_lease_without_a_spec_is_free() -> None:
    world = World()

    async def story() -> None:
        world.server.create({"metadata": {"name": "hub"}, "spec": {"holderIdentity": "old"}})
        assert world.server.stored is not None
        world.server.stored["spec"] = None
        await world.add().lease.acquired()
        assert world.loop.time() <= 1.0

    world.run(story)


def test_a_change_that_is_no_renewal_keeps_nobody_out() -> None:
    """A tool that labels every object again and again holds no Lease for a holder that is dead."""
    world = World()

    async def story() -> None:
        spec = {
            "holderIdentity": "dead",
            "leaseDurationSeconds": 15,
            "renewTime": "2026-01-01T00:00:00.000001Z",
        }
        world.server.create({"metadata": {"name": "hub"}, "spec": spec})
        replica = world.add()
        acquired = asyncio.ensure_future(replica.lease.acquired())
        while not acquired.done() and world.loop.time() < 60.0:
            touched = world.server.get()
            touched["metadata"]["labels"] = {"touched": f"{world.loop.time()}"}
            world.server.replace(touched)
            await asyncio.sleep(5.0)
        assert acquired.done()
        assert 15.0 <= world.loop.time() <= 25.0

    world.run(story)


def test_a_claim_for_longer_than_is_waited_for_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    async def story() -> None:
        world.server.create(
            {"metadata": {"name": "hub"}, "spec": {"holderIdentity": "old", "leaseDurationSeconds": 86400}}
        )
        await world.add().lease.acquired()

    with caplog.at_level(logging.WARNING):
        world.run(story)
    told = [record.message for record in caplog.records if "claims it for" in record.message]
    assert told == [
        "Lease hub: its holder old claims it for 86400 s; if nobody renews it, it is taken after 3600 s"
    ]


def test_what_others_wrote_on_the_lease_stays() -> None:
    world = World()

    async def story() -> None:
        metadata = {"name": "hub", "labels": {"a": "b"}, "annotations": {"c": "d"}}
        world.server.create({"metadata": metadata, "spec": {"holderIdentity": "", "leaseTransitions": 4}})
        network = world.add().network
        await world.replicas.pop().stop()
        lease = Lease(network, "hub", "posture", "posture-0", annotations={"posture.dev/hub": "prod"})
        task = asyncio.ensure_future(lease.run())
        await lease.acquired()
        stored = world.server.get()
        assert stored["metadata"]["labels"] == {"a": "b"}
        assert stored["metadata"]["annotations"] == {"c": "d", "posture.dev/hub": "prod"}
        assert stored["spec"]["leaseTransitions"] == 5
        assert stored["spec"]["holderIdentity"].startswith("posture-0_")
        assert stored["spec"]["leaseDurationSeconds"] == 15
        await lease.release()
        assert world.server.get()["spec"]["holderIdentity"] == ""
        await task

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


@pytest.mark.parametrize(
    ("duration", "deadline", "retry"),
    [(10, 10, 2), (15, 10, 10), (15, 10, 0), (1, 2, 0.5), (math.nan, 10, 2)],
)
def test_timing_that_could_overlap_is_refused(duration: float, deadline: float, retry: float) -> None:
    with pytest.raises(ValueError, match="duration must be longer than renewDeadline"):
        LeaseTiming(duration, deadline, retry)


def test_a_duration_for_which_nobody_waits_is_refused() -> None:
    assert LeaseTiming(3600.0).duration == 3600.0
    with pytest.raises(ValueError, match="must not be more than 3600 s"):
        LeaseTiming(3600.5)


def test_a_time_always_has_microseconds() -> None:
    assert _micro_time(datetime(2026, 1, 2, 3, 4, 5, 0, UTC)) == "2026-01-02T03:04:05.000001Z"
    assert _micro_time(datetime(2026, 1, 2, 3, 4, 5, 60, UTC)) == "2026-01-02T03:04:05.000060Z"


def test_the_clock_goes_on() -> None:
    assert steady() <= steady()
