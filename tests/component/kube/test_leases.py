"""Leases on the real API server: hand-over, takeover, a stopped process, an API server that is away."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from posture.kube.client import KubeClient
from posture.kube.errors import RequestRefused
from posture.kube.lease_terms import (
    LeaseTiming,
)
from posture.kube.leases import Lease
from posture.kube.resources import LEASES
from posture.pace import steady
from sandbox.controlplane import ControlPlane

TIMING = LeaseTiming(duration=3.0, renew_deadline=2.0, retry=0.4)
ROOT = Path(__file__).parents[3]

Candidate = Callable[[str], Awaitable[tuple[Lease, asyncio.Task[None]]]]


@asynccontextmanager
async def _running(lease: Lease) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(lease.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def candidate(kube: KubeClient, namespace: str) -> AsyncIterator[Candidate]:
    """Starts a candidate for the test's Lease."""
    async with AsyncExitStack() as stack:

        async def start(identity: str) -> tuple[Lease, asyncio.Task[None]]:
            lease = Lease(kube, "hub-1", namespace, identity, TIMING, annotations={"posture.dev/hub": "prod"})
            return lease, await stack.enter_async_context(_running(lease))

        yield start


async def test_the_record_reads_as_kubectl_expects(
    candidate: Candidate, kube: KubeClient, namespace: str, installed: ControlPlane
) -> None:
    lease, _ = await candidate("posture-0")
    await lease.acquired()
    shown = installed.kubectl("get", "lease", "hub-1", "-n", namespace).stdout
    assert lease.holder in shown
    stored = await kube.get(LEASES, namespace, "hub-1")
    assert stored["metadata"]["annotations"]["posture.dev/hub"] == "prod"
    assert stored["spec"]["leaseDurationSeconds"] == 3
    assert stored["spec"]["leaseTransitions"] == 0


async def test_a_released_lease_changes_hands_at_once(candidate: Candidate) -> None:
    first, _ = await candidate("posture-0")
    term = await first.acquired()
    second, _ = await candidate("posture-1")
    await asyncio.sleep(0)
    await first.release()
    assert not term.leads()
    released = steady()
    await second.acquired()
    assert steady() - released < TIMING.duration


async def test_a_dead_holder_is_followed_when_its_time_is_over(candidate: Candidate) -> None:
    first, task = await candidate("posture-0")
    term = await first.acquired()
    second, _ = await candidate("posture-1")
    task.cancel()
    await term.lost()
    lost = steady()
    assert not second.leads()
    await second.acquired()
    # From the last renewal: the holder stops after 2 s, the next one starts after 3 s or more.
    assert steady() - lost > 0.5


async def test_one_of_many_holds(candidate: Candidate) -> None:
    leases = [(await candidate(f"posture-{number}"))[0] for number in range(5)]
    waiting = [asyncio.ensure_future(lease.acquired()) for lease in leases]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    deadline = steady() + 1.2 * TIMING.duration
    while steady() < deadline:
        assert sum(lease.leads() for lease in leases) <= 1
        await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()


_HOLDER = """
import asyncio, sys
from posture.kube.client import connect
from posture.kube.errors import RequestRefused
from posture.kube.leases import Lease, LeaseTiming

async def main(namespace):
    async with connect() as kube:
        lease = Lease(kube, "hub-1", namespace, "stopped", LeaseTiming(3.0, 2.0, 0.4))
        task = asyncio.create_task(lease.run())
        term = await lease.acquired()
        print("held", flush=True)
        sys.stdin.readline()  # blocks the loop: nothing is renewed, and nothing is noticed but by the clock
        print(term.leads(), flush=True)
        task.cancel()

asyncio.run(main(sys.argv[1]))
"""


async def test_a_stopped_process_finds_when_it_goes_on_that_it_holds_nothing(
    candidate: Candidate, namespace: str, installed: ControlPlane
) -> None:
    environment = os.environ | {"KUBECONFIG": str(installed.kubeconfig)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _HOLDER, namespace),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"held\n"
        process.send_signal(signal.SIGSTOP)
        second, _ = await candidate("posture-1")
        await second.acquired()
        process.stdin.write(b"\n")
        process.send_signal(signal.SIGCONT)
        assert await process.stdout.readline() == b"False\n"
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_without_an_api_server_nobody_holds_and_afterwards_somebody_does(
    candidate: Candidate, installed: ControlPlane
) -> None:
    first, _ = await candidate("posture-0")
    term = await first.acquired()
    second, _ = await candidate("posture-1")
    frozen = installed.paused_apiserver()
    await asyncio.to_thread(frozen.__enter__)
    try:
        await term.lost()
        assert not first.leads()
        assert not second.leads()
    finally:
        await asyncio.to_thread(frozen.__exit__, None, None, None)
    waiting = [asyncio.ensure_future(lease.acquired()) for lease in (first, second)]
    done, _ = await asyncio.wait(waiting, timeout=20.0, return_when=asyncio.FIRST_COMPLETED)
    assert done
    assert first.leads() != second.leads()
    for task in waiting:
        task.cancel()


async def test_what_the_api_server_lets_a_lease_say_is_taken_over(
    candidate: Candidate, kube: KubeClient, namespace: str
) -> None:
    """The largest number of holders, a renewal still to come: both are accepted, and keep nobody out."""
    spec = {
        "holderIdentity": "gone",
        "leaseDurationSeconds": 1,
        "leaseTransitions": 2**31 - 1,
        "renewTime": "2999-01-01T00:00:00.000001Z",
        "acquireTime": "2999-01-01T00:00:00.000001Z",
    }
    body = {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": "hub-1", "namespace": namespace},
        "spec": spec,
    }
    await kube.create(LEASES, namespace, body)
    lease, _ = await candidate("posture-0")
    async with asyncio.timeout(4 * TIMING.duration):
        await lease.acquired()
    stored = await kube.get(LEASES, namespace, "hub-1")
    assert stored["spec"]["holderIdentity"] == lease.holder
    assert stored["spec"]["leaseTransitions"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("leaseDurationSeconds", 0),
        ("leaseDurationSeconds", -1),
        ("leaseDurationSeconds", 2**31),
        ("leaseDurationSeconds", "60"),
        ("leaseTransitions", 2**31),
        ("renewTime", "tomorrow"),
    ],
)
async def test_what_else_a_lease_could_say_the_api_server_refuses(
    field: str, value: object, kube: KubeClient, namespace: str
) -> None:
    body = {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": "hub-1", "namespace": namespace},
        "spec": {"holderIdentity": "gone", field: value},
    }
    with pytest.raises(RequestRefused):
        await kube.create(LEASES, namespace, body)
