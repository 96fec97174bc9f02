"""A world for Leases in virtual time: a server that stores by version, a network that fails, wrong clocks.

The world knows the true time. After every step it counts who believes to hold the Lease.
"""

import asyncio
import copy
import selectors
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from posture.kube.errors import Call, Conflict, Gone, Retryable
from posture.kube.lease_terms import (
    LeaseTiming,
)
from posture.kube.leases import Lease
from posture.kube.resources import LEASES, ApiResource, Object

NAME = "hub"
NAMESPACE = "posture"


class _Skipping(selectors.DefaultSelector):
    """Waits by moving the time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.idle: Callable[[], None] = lambda: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for ever"
        if timeout > 0:
            self.idle()
            self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a number: it passes when there is nothing to do."""

    def __init__(self, idle: Callable[[], None]) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)
        self._skipping.idle = idle

    def time(self) -> float:
        return self._skipping.now


class Server:
    """Stores Leases as the API server does: one version at a time, nothing over a version not named."""

    def __init__(self) -> None:
        self.stored: Object | None = None
        self.writes: list[tuple[float, str]] = []
        self._version = 0

    def get(self) -> Object:
        if self.stored is None:
            raise Gone(Call("get", LEASES), "not there")
        return copy.deepcopy(self.stored)

    def create(self, body: Object) -> Object:
        if self.stored is not None:
            raise Conflict(Call("create", LEASES), "there already")
        return self._store(body)

    def replace(self, body: Object) -> Object:
        version = self.get()["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            raise Conflict(Call("update", LEASES), "moved on")
        return self._store(body)

    def _store(self, body: Object) -> Object:
        self._version += 1
        self.stored = copy.deepcopy(body)
        self.stored["metadata"] |= {"resourceVersion": str(self._version), "uid": "u"}
        self.writes.append((asyncio.get_running_loop().time(), body["spec"]["holderIdentity"]))
        return copy.deepcopy(self.stored)


class Network:
    """One replica's way to the server. `trouble`: the share of calls that meet one of `fates`."""

    def __init__(self, server: Server, random: Random, trouble: float) -> None:
        self.trouble = trouble
        self.fates: tuple[str, ...] = ("refused", "lost", "late", "slow")
        self.paused_until = 0.0
        self.requests = 0
        self._server = server
        self._random = random
        self._stragglers: set[asyncio.Task[None]] = set()

    async def get(
        self, resource: ApiResource, namespace: str | None, name: str, *, within: float | None = None
    ) -> Object:
        assert (resource, namespace, name) == (LEASES, NAMESPACE, NAME)
        return await self._call(self._server.get, within)

    async def create(
        self, resource: ApiResource, namespace: str | None, body: Object, *, within: float | None = None
    ) -> Object:
        assert (resource, namespace) == (LEASES, NAMESPACE)
        return await self._call(lambda: self._server.create(body), within)

    async def replace(self, resource: ApiResource, body: Object, *, within: float | None = None) -> Object:
        assert resource == LEASES
        return await self._call(lambda: self._server.replace(body), within)

    async def _call(self, apply: Callable[[], Object], within: float | None) -> Object:
        assert within is not None, "a call without a deadline"
        self.requests += 1
        deadline = asyncio.get_running_loop().time() + within
        try:
            return await self._sent(apply, within)
        except Retryable as error:
            if error.reason == "Timeout":
                await self._sleep_until(deadline)
            raise
        finally:
            await self._sleep_until(self.paused_until)

    async def _sent(self, apply: Callable[[], Object], within: float) -> Object:
        error = Retryable(Call("any", LEASES), "no answer", reason="Timeout")
        fate = self._random.choice(self.fates) if self._random.random() < self.trouble else "fine"
        await asyncio.sleep(self._random.uniform(0.0, 0.02))
        if fate == "refused":
            raise Retryable(Call("any", LEASES), "refused", reason="Unreachable")
        if fate == "late":
            task = asyncio.create_task(self._straggle(apply, within * self._random.uniform(0.5, 8)))
            self._stragglers.add(task)
            task.add_done_callback(self._stragglers.discard)
            raise error
        if fate == "slow":
            await asyncio.sleep(within * self._random.uniform(0.0, 0.45))
        answer = apply()
        if fate == "lost":
            raise error
        await asyncio.sleep(self._random.uniform(0.0, 0.02 if fate == "fine" else within * 0.45))
        return answer

    async def _straggle(self, apply: Callable[[], Object], seconds: float) -> None:
        await asyncio.sleep(seconds)
        with suppress(Conflict, Gone):
            apply()

    async def _sleep_until(self, when: float) -> None:
        await asyncio.sleep(max(0.0, when - asyncio.get_running_loop().time()))


class Replica:
    """One candidate with a clock of its own; after a crash or a release it comes back as a new one."""

    def __init__(self, world: "World", name: str, rate: float, offset: float) -> None:
        self.name = name
        self.network = Network(world.server, world.random, world.trouble)
        self._world = world
        self._rate, self._offset = rate, offset
        self.lease: Lease
        self._task: asyncio.Task[None]
        self.start()

    def clock(self) -> float:
        return self._offset + self._rate * self._world.loop.time()

    def start(self) -> None:
        self.lease = Lease(self.network, NAME, NAMESPACE, self.name, self._world.timing, clock=self.clock)
        self._task = self._world.loop.create_task(self.lease.run())

    def pause(self, seconds: float) -> None:
        """Let nothing that it waits for arrive meanwhile; its clock goes on."""
        self.network.paused_until = self._world.loop.time() + seconds

    async def crash(self) -> None:
        # A dead process claims nothing; what it had sent may still arrive.
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self.start()

    async def release(self) -> None:
        await self.lease.release()
        await self._task
        self.start()

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


class World:
    """Runs a story; two holders at one true time end it."""

    def __init__(self, *, seed: int = 0, trouble: float = 0.0, timing: LeaseTiming | None = None) -> None:
        self.random = Random(seed)
        self.trouble = trouble
        self.timing = timing or LeaseTiming()
        self.replicas: list[Replica] = []
        self.holders: list[tuple[float, str]] = []
        self.loop = VirtualLoop(self._check)
        self.server = Server()

    def add(self, rate: float = 1.0, offset: float = 0.0) -> Replica:
        replica = Replica(self, f"posture-{len(self.replicas)}", rate, offset)
        self.replicas.append(replica)
        return replica

    def holder(self) -> Replica | None:
        holding = [replica for replica in self.replicas if replica.lease.leads()]
        assert len(holding) <= 1, f"{[replica.name for replica in holding]} hold it at {self.loop.time()}"
        return holding[0] if holding else None

    def _check(self) -> None:
        holder = self.holder()
        name = holder.name if holder else ""
        if name != (self.holders[-1][1] if self.holders else ""):
            self.holders.append((self.loop.time(), name))

    def run(self, story: Callable[[], Awaitable[None]]) -> None:
        async def told() -> None:
            try:
                await story()
            finally:
                for replica in self.replicas:
                    await replica.stop()
                others = asyncio.all_tasks() - {asyncio.current_task()}
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)

        try:
            self.loop.run_until_complete(told())
        finally:
            self.loop.close()
