"""The process: what is started in which order, what it says of itself, and how it ends."""

import asyncio
import gc
import logging
import platform
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import CollectorRegistry

from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Sessions
from posture.config.file import (
    ConfigFile,
)
from posture.config.outputs import SplunkOutput
from posture.hubs.stores import remove_leftovers
from posture.kube.client import connect
from posture.kube.connection import NoCluster
from posture.kube.events import EventRecorder
from posture.publish.cloudwatch.output import CloudWatchDestination
from posture.publish.outputs import Destination, OutputDefinition, OutputSinks
from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Exposition, rendered, serve_metrics
from posture.publish.prometheus.samples import output_samples
from posture.publish.prometheus.sink import PrometheusSink
from posture.publish.sink import Sinks
from posture.publish.splunk.output import SplunkDestination
from posture.readiness import LoopLag, Readiness
from posture.reconcile.context import Context, writers_of
from posture.store.sqlite.stores import SqliteStores
from posture.supervisor import Supervisor
from posture.watch import Watch

logger = logging.getLogger(__name__)

STOP_WITHIN = 8.0
# Objects that are made, and not let go of, between two looks for garbage among the young ones.
_YOUNG = 10_000


class CannotStart(Exception):  # noqa: N818 - reads as what is the case
    """The process cannot run at all; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `posture run` was told."""

    namespaces: tuple[str, ...]
    """None means all."""
    config: ConfigFile
    data_dir: Path
    metrics_bind_address: tuple[str, int]
    identity: str
    lease_namespace: str


async def serve(options: Options) -> None:
    """Run until SIGTERM or SIGINT; then stop within ten seconds, leases released. Raises CannotStart."""
    stop = _stop_signal()
    exposition = Exposition(process=_process_registry())
    exposition.publish("build", rendered({families.BUILD_INFO: [(_build(), 1)]}))
    readiness, usage = Readiness(), Usage()
    _prepare(options.data_dir)
    async with AsyncExitStack() as stack:
        host, port = options.metrics_bind_address
        try:
            address = await stack.enter_async_context(
                serve_metrics(exposition, host, port, not_ready=readiness.reason, unhealthy=lambda: None)
            )
        except OSError as error:
            raise CannotStart(
                f"--metrics-bind-address {host}:{port} cannot be used: {error.strerror}"
            ) from error
        logger.info("Metrics and probes are served on http://%s", address)
        try:
            client = await stack.enter_async_context(connect())
        except NoCluster as error:
            raise CannotStart(str(error)) from error
        sessions = await stack.enter_async_context(Sessions(usage))
        await sessions.warm_up("sts", "securityhub")
        settle_heap()
        limiters = Limiters(options.config.current().quota_share)
        outputs = await stack.enter_async_context(
            OutputSinks(options.config, partial(_destination, sessions, limiters, usage))
        )
        exposition.add_live(lambda: output_samples(outputs.numbers()))
        context = Context(
            client=client,
            events=EventRecorder(client, options.identity),
            sessions=sessions,
            limiters=limiters,
            usage=usage,
            config=options.config,
            sink=Sinks(PrometheusSink(exposition), outputs),
            stores=SqliteStores(options.data_dir),
            identity=options.identity,
            lease_namespace=options.lease_namespace,
            namespaces=options.namespaces or None,
            writers=writers_of(options.lease_namespace, options.namespaces or None),
            logged_elsewhere=readiness.reports,
        )
        await _work(context, exposition, readiness, stop)
    logger.info("Stopped")


def _destination(
    sessions: Sessions, limiters: Limiters, usage: Usage, definition: OutputDefinition
) -> Destination:
    """Make where an output of the configuration sends."""
    if isinstance(definition, SplunkOutput):
        return SplunkDestination(definition)
    return CloudWatchDestination(definition, sessions, limiters, usage)


def settle_heap() -> None:
    """Take all that is loaded by now out of the garbage collector's sight: nothing of it ever goes.

    A full collection holds up every thread, the event loop's too, for as long as it takes to walk through
    what there is: 0.2 s with all modules and AWS's service models, a few milliseconds without. Findings are
    made and let go of by the hundred, so the young objects are not looked through after every page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


async def _work(context: Context, exposition: Exposition, readiness: Readiness, stop: asyncio.Event) -> None:
    supervisor = Supervisor(context)
    watch = Watch(context.namespaces or (), supervisor.wake)
    lag = LoopLag()
    exposition.add_live(lag.samples)
    exposition.add_live(supervisor.samples)
    readiness.depends_on(lambda: watch.stopped_because, lambda: supervisor.not_ready)
    tasks = [
        asyncio.create_task(
            readiness.run(context.client, context.namespaces, context.lease_namespace), name="readiness"
        ),
        asyncio.create_task(supervisor.run(), name="supervisor"),
        asyncio.create_task(watch.run(), name="watch"),
        asyncio.create_task(lag.run(), name="event loop lag"),
        asyncio.create_task(remove_leftovers(context.stores, supervisor.declared_hubs), name="leftovers"),
    ]
    stopping = asyncio.create_task(stop.wait(), name="stop signal")
    try:
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            # None of them ends by itself: what they raise is a defect, and a restart is the best answer.
            task.result()
            raise RuntimeError(f"the task {task.get_name()} ended")
    finally:
        logger.info("Stopping: releasing the Leases")
        await _end([stopping, *tasks])
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await supervisor.stop()
        except TimeoutError:
            logger.error("Not everything stopped within %s s; its Leases expire by themselves", STOP_WITHIN)  # noqa: TRY400 - nothing but the time is told


async def _end(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_WITHIN / 4)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _prepare(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        probe = data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotStart(f"--data-dir {data_dir} cannot be written: {error.strerror}") from error


def _process_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _build() -> tuple[str, str]:
    return version("posture-operator"), platform.python_version()
