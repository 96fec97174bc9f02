"""kopf: watches our kinds and wakes whoever reconciles them. It decides nothing and writes nothing.

Only `on.event` handlers: they put no finalizer and no annotation on the objects, so any number of replicas
can watch side by side. What is concluded comes from listing, never from an event.

kopf runs in a thread with an event loop of its own: at its end it cancels every task of the loop it runs
in, and it may end at any time (rights withdrawn, the API server away); then it is started again.
"""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import kopf

from posture.kube.finalizers import FINALIZER
from posture.kube.resources import KINDS
from posture.logs import bound, next_cycle
from posture.pace import BackOff

logger = logging.getLogger(__name__)

Wake = Callable[[], None]

_FIRST_PAUSE = 1.2
_LONGEST_PAUSE = 72.0
_SPREAD = 1 / 3
_HEALTHY_AFTER = 60.0


class Watch:
    """Keeps kopf watching. `stopped_because` says why it is not, or None while it is.

    `wake` is called on the event loop that runs `run`, after any event of any of our kinds.
    """

    def __init__(self, namespaces: Sequence[str], wake: Wake) -> None:
        self._namespaces = tuple(namespaces)
        self._wake = wake
        self.stopped_because: str | None = "the watch has not started yet"

    async def run(self) -> None:
        """Watch until cancelled; start again with growing pauses whenever kopf ends."""
        # A first start that fails at once is a failure; a watch that has lasted begins again sooner.
        pauses = BackOff(_FIRST_PAUSE, _LONGEST_PAUSE, failures=1, spread=_SPREAD)
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            with bound(cycle=next_cycle()):
                why = await self._watch_once()
                if loop.time() - started > _HEALTHY_AFTER:
                    pauses.succeeded()
                pause = pauses.pause()
                self.stopped_because = f"watching the API server stopped ({why}); restarting in {pause:.0f} s"
                logger.warning(self.stopped_because)
            await asyncio.sleep(pause)

    async def _watch_once(self) -> str:
        session = _Session(self._namespaces, asyncio.get_running_loop(), self._wake, self._watching)
        session.thread.start()
        try:
            return await asyncio.wrap_future(session.ended)
        finally:
            session.stop()

    def _watching(self) -> None:
        self.stopped_because = None


class _Session:
    """One run of kopf in its own thread."""

    def __init__(
        self, namespaces: tuple[str, ...], loop: asyncio.AbstractEventLoop, wake: Wake, ready: Wake
    ) -> None:
        self._namespaces = namespaces
        self._outer = loop
        self._wake = wake
        self._ready = ready
        self._inner: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopping = False
        self._lock = threading.Lock()
        self.ended: concurrent.futures.Future[str] = concurrent.futures.Future()
        # Not to be cancelled any more: a waiter that is gone must not surprise the thread that tells it.
        self.ended.set_running_or_notify_cancel()
        run = partial(contextvars.copy_context().run, self._run)
        self.thread = threading.Thread(target=run, name="kopf", daemon=True)

    def stop(self) -> None:
        """Tell kopf to end; safe at any time and from the outer loop only."""
        with self._lock:
            self._stopping = True
            if self._inner is not None and self._stop is not None and not self._inner.is_closed():
                self._inner.call_soon_threadsafe(self._stop.set)

    def _run(self) -> None:
        try:
            asyncio.run(self._watch())
            why = "stopped"
        except BaseException as error:  # noqa: BLE001 - whatever ends kopf is told, and it is started again
            why = f"{type(error).__name__}: {error}"
        self.ended.set_result(why)

    async def _watch(self) -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        with self._lock:
            self._inner, self._stop = asyncio.get_running_loop(), stop
            if self._stopping:
                return
        told = asyncio.create_task(self._tell_when(ready))
        try:
            await kopf.operator(
                registry=self._registry(),
                settings=_settings(cluster_wide=not self._namespaces),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=stop,
                ready_flag=ready,
            )
        finally:
            told.cancel()

    async def _tell_when(self, ready: asyncio.Event) -> None:
        await ready.wait()
        self._call_outside(self._ready)
        # Events that passed while nobody watched are gone: whoever lists must look once more.
        self._call_outside(self._wake)

    def _call_outside(self, call: Wake) -> None:
        # Closed at any moment, when the process ends: then there is nobody to tell.
        with contextlib.suppress(RuntimeError):
            self._outer.call_soon_threadsafe(call)

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(kopf.login_via_client)

        async def woken(**_: Any) -> None:  # noqa: ANN401 - kopf passes whatever it knows
            self._call_outside(self._wake)

        for kind in KINDS.values():
            kopf.on.event(kind.group, kind.version, kind.plural, registry=registry)(woken)
        return registry


def _settings(*, cluster_wide: bool) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    # A name that no object ever has: kopf takes its finalizer off whatever it sees no need for, and ours is
    # put there and taken off by the holder of a Lease alone.
    settings.persistence.finalizer = f"{FINALIZER}-unused"
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 5
    settings.queueing.exit_timeout = 1
    settings.process.ultimate_exiting_timeout = None
    # Looking for namespaces and CRDs takes cluster-wide rights, which a namespaced operator has not.
    settings.scanning.disabled = not cluster_wide
    return settings
