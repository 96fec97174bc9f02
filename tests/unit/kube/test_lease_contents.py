"""What a Lease says is input, and what others wrote on it stays."""

import asyncio
import logging
import math
from datetime import UTC, datetime

import pytest

from posture.kube.leases import Lease, _micro_time
from tests.support.lease_world import World


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


def test_a_time_always_has_microseconds() -> None:
    assert _micro_time(datetime(2026, 1, 2, 3, 4, 5, 0, UTC)) == "2026-01-02T03:04:05.000001Z"
    assert _micro_time(datetime(2026, 1, 2, 3, 4, 5, 60, UTC)) == "2026-01-02T03:04:05.000060Z"
