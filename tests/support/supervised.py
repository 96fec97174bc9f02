"""A supervisor in virtual time: an API server and hubs that do as they are told, all between them is real."""

import asyncio
import copy
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, cast

import yaml

from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Sessions
from posture.config.file import (
    ConfigFile,
)
from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.kube.client import KubeClient
from posture.kube.errors import Call, Gone, KubeError, Moved, Retryable
from posture.kube.events import EventRecorder
from posture.kube.leases import Lease
from posture.kube.resources import KINDS, POSTURE_TARGETS, ApiResource, Object, ObjectRef
from posture.kube.writers import Writers
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.reconcile.context import Context
from posture.sources.securityhub.facts import Cloud
from posture.sources.securityhub.source import SecurityHubs
from posture.store.sqlite.stores import SqliteStores
from posture.supervisor import Supervisor
from tests.support.lease_world import VirtualLoop

ROLE = "arn:aws:iam::111122223333:role/posture-reader"
NAMESPACE = "security"
_EPOCH = 1_800_000_000_000_000
logger = logging.getLogger("posture.hubs.fake")


def target(name: str = "organization", *, uid: str = "", region: str = "eu-west-1", **spec: Any) -> Object:
    """Make a PostureTarget as the API server gives it."""
    return {
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": uid or f"uid-{name}",
            "generation": 1,
            "resourceVersion": "1",
        },
        "spec": {
            "aws": {"region": region, "roleArn": ROLE},
            "source": {"securityStandards": {"standards": ["*"]}},
            **spec,
        },
    }


class Cluster:
    """An API server. `lists`: when each list of targets began. `gate`: what a list of targets waits for."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Object]] = {kind: [] for kind in KINDS}
        self.refused: dict[str, KubeError] = {}
        self.broken: dict[str, Exception] = {}
        self.lists: list[float] = []
        self.statuses: list[tuple[str, Mapping[str, Any]]] = []
        self.gate: asyncio.Event | None = None

    @property
    def targets(self) -> list[Object]:
        """What is declared."""
        return self.objects[POSTURE_TARGETS.kind]

    async def list_objects(self, resource: ApiResource, _namespaces: Sequence[str] | None) -> list[Object]:
        """Answer with what is there now, though maybe later."""
        if resource is POSTURE_TARGETS:
            self.lists.append(asyncio.get_running_loop().time())
        found = copy.deepcopy(self.objects[resource.kind])
        if resource is POSTURE_TARGETS and self.gate is not None:
            await self.gate.wait()
        if resource.kind in self.refused:
            raise self.refused[resource.kind]
        return found

    async def get(
        self, _resource: ApiResource, _namespace: str | None, name: str, **_within: object
    ) -> Object:
        """Answer with the namespace by which a cluster is told from others."""
        return {"metadata": {"name": name, "uid": "cluster", "resourceVersion": "1"}}

    async def reread(self, ref: ObjectRef, **_within: object) -> Object:
        """Answer with one object."""
        return copy.deepcopy(self._find(ref))

    async def patch_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, version: str | None = None, **_within: object
    ) -> Object:
        """Store a status."""
        if ref.name in self.broken:
            raise self.broken[ref.name]
        found = self._find(ref)
        if version not in {None, found["metadata"]["resourceVersion"]}:
            raise Moved(Call("patch", ref.resource), "another version", copy.deepcopy(found))
        found["status"] = copy.deepcopy(dict(status))
        found["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)
        self.statuses.append((ref.name, status))
        return copy.deepcopy(found)

    async def create(self, _resource: ApiResource, _namespace: str, body: Object, *, within: float) -> Object:
        """Take an event."""
        assert within > 0
        return body

    def _find(self, ref: ObjectRef) -> Object:
        for each in self.objects[ref.resource.kind]:
            if each["metadata"]["uid"] == ref.uid:
                return each
        raise Gone(Call("get", ref.resource, ref.namespace, ref.name), "not found")


class GeneralLease:
    """The Lease for what has no hub, held from the start; `lose` and `gain` it once.

    `broken`: what lets the competing for it end by a defect.
    """

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._gained = asyncio.Event()
        self._gained.set()
        self.broken = asyncio.Event()
        self.released = False

    def lose(self) -> None:
        """End the term."""
        self._gained.clear()
        self._over.set()

    def gain(self) -> None:
        """Begin a term."""
        self._over.clear()
        self._gained.set()

    def leads(self) -> bool:
        """Tell whether it is held."""
        return self._gained.is_set()

    def leading(self) -> float:
        """Tell for how long it is held."""
        return 10.0 if self.leads() else 0.0

    async def run(self) -> None:
        """Compete."""
        await self.broken.wait()
        raise RuntimeError("a defect")

    async def acquired(self) -> Self:
        """Give the term, which is this."""
        await self._gained.wait()
        return self

    async def lost(self) -> None:
        """Wait for the end of the term."""
        await self._over.wait()

    async def release(self) -> None:
        """Give it back."""
        self.released = True


class StagedHub(Hub):
    """A hub that calls nobody: it lives until it is stopped, or until `fails` is set."""

    def __init__(self, key: HubKey) -> None:
        async def account() -> str:
            return "111122223333"

        super().__init__(
            key, HubDependencies(SecurityHubs(cast("Cloud", None)), account, SqliteStores(Path()))
        )
        self.made_at = asyncio.get_running_loop().time()
        self.holds_lease = True
        self.asked: list[Demand] = []
        self.alive = self.stopped = False
        self.may_stop: asyncio.Event | None = None
        self._over = asyncio.Event()
        self._error: Exception | None = None

    def ask(self, demands: Iterable[Demand], apart: timedelta = timedelta()) -> None:
        """Remember what is asked."""
        self.asked = list(demands)
        super().ask(self.asked, apart)

    def now(self) -> int:
        """Tell the time, which passes virtually."""
        return _EPOCH + int(asyncio.get_running_loop().time() * 1e6)

    def leading(self) -> float:
        """Tell for how long the Lease is held."""
        return 10.0 if self.alive and self.holds_lease else 0.0

    def lose(self) -> None:
        """Lose the Lease, and say so."""
        self.holds_lease = False
        self._publisher.stood_down()

    def gain(self) -> None:
        """Hold the Lease, and say so."""
        self.holds_lease = True
        self._publisher.post(version=1)

    def trouble(self, error: AwsError | None) -> None:
        """Say that polls fail, or that they work again."""
        self._publisher.failed("poll", error) if error else self._publisher.succeeded("poll")

    def fail(self, error: Exception) -> None:
        """End by a defect."""
        self._error = error
        self._over.set()

    async def run(self) -> None:
        """Live."""
        self.alive = True
        logger.info("The hub lives")
        try:
            await self._over.wait()
        finally:
            self.alive = False
        if self._error is not None:
            raise self._error

    async def stop(self) -> None:
        """End, when that is allowed."""
        self._over.set()
        if self.may_stop is not None:
            await self.may_stop.wait()
        self.stopped = True


@dataclass(frozen=True)
class StagedWorld(Context):
    """The real world, but for its edges. `made`: every hub there was."""

    general: GeneralLease = field(default_factory=GeneralLease)
    made: list[StagedHub] = field(default_factory=list)

    def lease(self, name: str, annotations: Mapping[str, str] | None = None) -> Lease:
        """Give the one Lease."""
        assert (name, annotations) == ("posture-operator", None)
        return cast("Lease", self.general)

    def hub(self, key: HubKey) -> Hub:
        """Make a hub."""
        self.made.append(StagedHub(key))
        return self.made[-1]


class Play:
    """One supervisor and what it acts on."""

    def __init__(self, folder: Path) -> None:
        self.cluster, self.exposition = Cluster(), Exposition()
        self.config = folder / "posture.yaml"
        self.grant(NAMESPACE)
        client, usage = cast("KubeClient", self.cluster), Usage()
        self.world = StagedWorld(
            client=client,
            events=EventRecorder(client, "replica-0"),
            sessions=Sessions(usage),
            limiters=Limiters(0.8),
            usage=usage,
            config=ConfigFile(self.config),
            sink=PrometheusSink(self.exposition),
            stores=SqliteStores(folder),
            identity="replica-0",
            lease_namespace="default",
            namespaces=None,
            writers=Writers("posture/posture-operator"),
        )
        self.supervisor = Supervisor(self.world)
        self.run: asyncio.Task[None] | None = None

    def grant(self, *namespaces: str) -> None:
        """Write the configuration file."""
        grant = {
            "namespaces": list(namespaces),
            "roleArns": [ROLE],
            "accounts": ["*"],
            "verbs": ["Score", "Suppress"],
        }
        self.config.write_text(
            yaml.safe_dump({"grants": [grant], "minimums": {"interval": "5s"}}), encoding="utf-8"
        )

    async def begin(self, *targets: Object) -> None:
        """Declare targets, and let the supervisor run until it has followed them."""
        self.cluster.targets.extend(targets)
        self.run = asyncio.create_task(self.supervisor.run())
        await passing(2)

    async def end(self) -> None:
        """Stop as the process does."""
        if self.run is not None:
            self.run.cancel()
            await asyncio.wait([self.run])
        await self.supervisor.stop()

    @property
    def hubs(self) -> list[StagedHub]:
        """The hubs that have not been stopped."""
        return [hub for hub in self.world.made if not hub.stopped]

    def shown(self) -> set[str]:
        """Return the uids of the targets that the metrics page shows at this moment."""
        self.exposition.page()
        return {str(owner[1]) for owner in self.exposition.owners() if isinstance(owner, tuple)}

    def refuse(self, kind: str) -> None:
        """Let lists of a kind fail from now on."""
        self.cluster.refused[kind] = Retryable(Call("list", KINDS[kind]), f"could not list {kind}")


async def passing(seconds: float) -> None:
    """Let virtual time pass: everybody does what is due until then, and it takes no time at all."""
    await asyncio.sleep(seconds)


class _Inline(ThreadPoolExecutor):
    """Threads whose work is done at once: virtual time must not pass while a real thread works."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*args, **kwargs))
        return done


def play(folder: Path, story: Callable[[Play], Awaitable[None]]) -> None:
    """Play a story, and stop: afterwards everything has ended, whatever the story was."""
    loop = VirtualLoop(lambda: None)
    loop.set_default_executor(_Inline(1))

    async def whole() -> None:
        stage = Play(folder)
        try:
            await story(stage)
        finally:
            await stage.end()
        await passing(0)
        assert stage.world.general.released
        assert all(hub.stopped and not hub.alive for hub in stage.world.made)
        assert stage.exposition.owners() == set(), "a series outlives what it describes"
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    try:
        loop.run_until_complete(whole())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()
