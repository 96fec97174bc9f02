"""The thread that a hub's store lives in: SQLite, grouping and scoring never hold up the event loop."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

from posture.store.errors import Stop, StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """One thread. What is given to it by `call` runs in the order in which it was given.

    `stop`: for work that takes long, which is to end when the worker is closed, and to let glances pass.
    """

    def __init__(self, name: str) -> None:
        self.stop = Stop(meanwhile=self._let_glances_pass)
        self._glances: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._abandoned: list[Future[Any]] = []
        self._closed = False

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function in the thread and return what it returns, or raise what it raises.

        It is handed over before this yields to the event loop, and then it does run: a caller that is
        cancelled gives up waiting, not the work. What such work raises is raised by the next call, so that
        nobody goes on as if it had been done. Raises StoreUnavailable after `close`.
        """
        self._refuse_if_closed()
        result = await self._run(partial(function, *args, **kwargs))
        abandoned, self._abandoned = self._abandoned, []
        for earlier in abandoned:
            if earlier.done():
                earlier.result()
            else:
                self._abandoned.append(earlier)
        return result

    async def glance(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that looks at what is in memory alone, and does not change it, as `call` does.

        It need not wait for the end of long work that lets it pass, and is not run any more once nobody waits
        for it. Raises StoreUnavailable after `close`.
        """
        self._refuse_if_closed()
        looked: Future[T] = Future()
        self._glances.append((looked, partial(copy_context().run, partial(function, *args, **kwargs))))
        self._executor.submit(self._let_glances_pass)
        return await asyncio.wrap_future(looked)

    async def close(self, last: Callable[[], None]) -> None:
        """Run what was handed over, then `last`, and end the thread; nothing can be given to it any more.

        Work that heeds `stop` ends early.
        """
        self._closed = True
        self.stop.ask()
        try:
            await self._run(last)
        finally:
            self._executor.shutdown(wait=False)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable(
                "The hub's store is closed",
                reason="StoreClosed",
                advice="it is opened again when it is needed",
            )

    def _let_glances_pass(self) -> None:
        """Run the glances that wait, in the thread."""
        while self._glances:
            looked, function = self._glances.popleft()
            if not looked.set_running_or_notify_cancel():
                continue
            try:
                looked.set_result(function())
            except Exception as error:  # noqa: BLE001 - it is raised where the glance is awaited
                looked.set_exception(error)

    async def _run(self, function: Callable[[], T]) -> T:
        # In the caller's context, as by asyncio.to_thread: what is logged there says for whom it is done.
        handed_over = self._executor.submit(partial(copy_context().run, function))
        waited_for = asyncio.wrap_future(handed_over)
        try:
            return await asyncio.shield(waited_for)
        except asyncio.CancelledError:
            waited_for.add_done_callback(_heard)
            self._abandoned.append(handed_over)
            raise


def _heard(abandoned: "asyncio.Future[Any]") -> None:
    """Spare asyncio's complaint of an exception that nobody asked for: the next call raises it."""
    if not abandoned.cancelled():
        abandoned.exception()
