"""The outputs of the configuration file: which there are, who may publish there, and how that goes."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from posture.api.conditions import Trouble
from posture.config.file import ConfigFile
from posture.config.outputs import CloudWatchOutput, SplunkOutput
from posture.domain.outbox import Outlet
from posture.domain.selection.selectors import globs
from posture.hubs.demand import HubKey
from posture.kube.leadership import Leading
from posture.logs import apart, bound
from posture.publish.cloudwatch.output import CloudWatchDestination
from posture.publish.reports import TargetReport
from posture.publish.sink import Delivery, OutboxHub, PublishingTarget, Sink
from posture.publish.splunk.output import SplunkDestination

logger = logging.getLogger(__name__)

OutputDefinition: TypeAlias = CloudWatchOutput | SplunkOutput
Destination: TypeAlias = CloudWatchDestination | SplunkDestination
Maker = Callable[[OutputDefinition], Destination]


class OutputNumbers(NamedTuple):
    """What there is to count of an output. `oldest`: seconds. `failed`: attempts by reason."""

    output: str
    kind: str
    sent: int
    failed: Mapping[str, int]
    dropped: int
    queued: int
    oldest: float


class _Running(NamedTuple):
    destination: Destination
    task: asyncio.Task[None]


class OutputSinks(Sink):
    """All outputs of the configuration file as one; an asynchronous context manager that ends them.

    Each has its own queue, back-off and health, and a task of its own: nobody here waits for a destination.
    """

    def __init__(self, config: ConfigFile, make: Maker) -> None:
        self._config = config
        self._make = make
        self._running: dict[str, _Running] = {}
        self._users: dict[str, list[str]] = {}
        self._refused: dict[tuple[str, str], Trouble] = {}

    async def __aenter__(self) -> Self:
        """Enter; outputs begin when it is declared what is published."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them; what waits in their queues is not sent any more."""
        ending = [running.task for running in self._running.values()]
        self._running = {}
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def declare(self, publications: Sequence[PublishingTarget]) -> None:
        """Follow the configuration as it is now, and let those publish who may, the oldest first."""
        definitions = self._definitions()
        self._follow(definitions)
        self._users, self._refused = {}, {}
        for name, running in self._running.items():
            admitted: dict[str, PublishingTarget] = {}
            expected: list[PublishingTarget] = []
            for each in publications:
                if name not in each.outputs or not _may_use(definitions[name], each.namespace):
                    continue
                if each.name in admitted and isinstance(running.destination.definition, CloudWatchOutput):
                    self._refused[each.uid, name] = _taken(each, name)
                    continue
                admitted[each.name] = each
                expected.append(each)
                self._users.setdefault(each.uid, []).append(name)
            running.destination.expect(expected)

    def connect(self, hubs: Mapping[HubKey, OutboxHub]) -> None:
        """Let those that take from outboxes know which there are."""
        for running in self._running.values():
            if isinstance(running.destination, SplunkDestination):
                running.destination.connect(hubs)

    def outlets(self, uid: str) -> frozenset[Outlet]:
        """Return the outputs that a target's hub has to tell of changes."""
        destinations = [self._running[name].destination for name in self._users.get(uid, ())]
        return frozenset(each.outlet for each in destinations if isinstance(each, SplunkDestination))

    def deliveries(self, uid: str, namespace: str, outputs: Sequence[str]) -> Sequence[Delivery]:
        """Tell how publishing a target to each of these outputs goes."""
        definitions = self._definitions()
        return [self._delivery(uid, namespace, name, definitions.get(name)) for name in outputs]

    async def show_target(self, uid: str, report: TargetReport, leading: Leading) -> None:
        """Publish a target where it is declared to be."""
        for name in self._users.get(uid, ()):
            self._running[name].destination.show(uid, report, leading)

    def withdraw_target(self, uid: str) -> None:
        """Publish nothing of a target any more."""
        for running in self._running.values():
            running.destination.withdraw(uid)

    def numbers(self) -> list[OutputNumbers]:
        """Return what there is to count of each output."""
        return [
            OutputNumbers(
                name,
                destination.kind,
                destination.sender.sent,
                destination.sender.failed,
                destination.sender.dropped,
                destination.sender.length,
                destination.sender.oldest,
            )
            for name, (destination, _) in self._running.items()
        ]

    def _definitions(self) -> dict[str, OutputDefinition]:
        """Return the outputs of the configuration by name."""
        outputs = self._config.current().outputs
        definitions: list[OutputDefinition] = [*outputs.cloud_watch, *outputs.splunk]
        return {each.name: each for each in definitions}

    def _follow(self, definitions: Mapping[str, OutputDefinition]) -> None:
        """End the outputs that are not there any more, or are other ones now; begin those that are new."""
        for name, running in list(self._running.items()):
            wanted = definitions.get(name)
            is_done = running.task.done()
            if not is_done and wanted is not None and _same(wanted, running.destination.definition):
                continue
            running.task.cancel()
            del self._running[name]
            waiting = running.destination.sender.length
            with bound(output=name):
                if is_done:
                    logger.error("The output %s ended by itself (a bug in the operator)", name)
                if waiting and isinstance(running.destination.definition, CloudWatchOutput):
                    logger.warning("The output %s ends, and drops %s that waited to be sent", name, waiting)
        for name, definition in definitions.items():
            if name not in self._running:
                made = self._make(definition)
                task = asyncio.create_task(made.run(), name=f"output {name}", context=apart())
                self._running[name] = _Running(made, task)

    def _delivery(self, uid: str, namespace: str, name: str, definition: OutputDefinition | None) -> Delivery:
        if definition is None:
            return Delivery(name, trouble=_not_found(name))
        if not _may_use(definition, namespace):
            return Delivery(name, trouble=_not_granted(name, namespace))
        refused = self._refused.get((uid, name))
        if refused is not None:
            return Delivery(name, trouble=refused)
        running = self._running.get(name)
        return Delivery(name) if running is None else running.destination.delivery(uid)


def _may_use(definition: OutputDefinition, namespace: str) -> bool:
    return globs(definition.namespaces)(namespace)


def _same(one: OutputDefinition, other: OutputDefinition) -> bool:
    """Whether two definitions are of one output, whoever may use it."""
    return type(one) is type(other) and one.model_copy(update={"namespaces": ()}) == other.model_copy(
        update={"namespaces": ()}
    )


def _not_found(name: str) -> Trouble:
    return Trouble(
        "OutputNotFound",
        f"The operator's configuration has no output {name}: correct spec.publish, or have it added below"
        " outputs.",
    )


def _not_granted(name: str, namespace: str) -> Trouble:
    return Trouble(
        "NotGranted",
        f"Namespace {namespace} may not use the output {name}: have it added to the output's namespaces in"
        " the operator's configuration.",
    )


def _taken(publication: PublishingTarget, name: str) -> Trouble:
    return Trouble(
        "NameTaken",
        f"An older target of another namespace is called {publication.name} too and publishes to {name},"
        " where both would be one metric: give this one another name, or have an output of its own made.",
    )
