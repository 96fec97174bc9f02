"""A reading stores what it says it has read, also when storing fails, is cut off, or is slower than AWS."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from posture.aws.securityhub.wire import FindingsPage
from posture.sources.findings_view import FindingsView
from posture.sources.securityhub.context import Bounds, Reading, SyncContext
from posture.sources.securityhub.progress import SWEEP, SyncProgress, listing
from posture.sources.thread import Worker
from posture.store.errors import StoreUnavailable
from posture.store.sqlite.store import Store
from tests.support.slow_hub import SlowHub

PAGES = 30


class FailingKnown(FindingsView):
    """Refuses the n-th transaction, and takes those after it."""

    refuse = -1
    transactions = 0

    def take(self, *arguments: Any, **keywords: Any) -> Any:
        self.transactions += 1
        if self.transactions == self.refuse:
            raise StoreUnavailable("disk full", reason="StoreDiskFull", advice="make room")
        return super().take(*arguments, **keywords)


class Quick(SlowHub):
    """Answers at once."""

    async def _until(self, moment: float) -> None:
        self.now = moment
        await asyncio.sleep(0)


async def open_context(path: Path, hub: SlowHub) -> SyncContext:
    worker = Worker("test")
    store = (await worker.call(Store.open, path / "hub.sqlite", owner="test")).store
    progress = SyncProgress(await worker.call(store.states))
    return SyncContext(
        hub, worker, FailingKnown(store), progress, Bounds(), wanted=frozenset({"Security Hub"})
    )


async def read(context: SyncContext) -> None:
    progress = context.progress
    progress.sweep = progress.sweep or listing(context.wanted, 1)
    await Reading(context, progress.sweep, [{}], keys=(SWEEP,)).run()


def read_as_stored(context: SyncContext) -> list[str]:
    """The findings that the stored progress counts as read."""
    stored = SyncProgress(context.findings.kept.states()).sweep
    windows = stored.parts[0] if stored else listing(context.wanted, 1).parts[0]
    assert isinstance(context.source, SlowHub)
    return [
        each.id
        for each in context.source.findings
        if not any(window.low <= each.updated_at <= window.high for window in windows)
    ]


@pytest.mark.parametrize("refuse", range(1, 12))
async def test_a_transaction_that_fails_vouches_for_nothing_after_it(tmp_path: Path, refuse: int) -> None:
    context = await open_context(tmp_path, Quick(PAGES * 100, 0.4))
    assert isinstance(context.findings, FailingKnown)
    context.findings.refuse = refuse
    with pytest.raises(StoreUnavailable):
        await read(context)
    stored = {each.id for each in context.findings.rows.findings()}
    assert set(read_as_stored(context)) <= stored
    await context.worker.close(context.findings.close)


async def test_a_slow_store_takes_many_pages_at_once(tmp_path: Path) -> None:
    class Slow(FailingKnown):
        def take(self, pages: Sequence[FindingsPage], *arguments: Any, **keywords: Any) -> Any:
            taken = super().take(pages, *arguments, **keywords)
            most.append(len(pages))
            gate.wait(0.01)
            return taken

    most, gate = list[int](), threading.Event()
    hub = Quick(PAGES * 100, 1.8)
    context = await open_context(tmp_path, hub)
    context.findings = Slow(context.findings._store)
    await read(context)
    assert hub.calls - 2 <= sum(most) <= hub.calls
    assert max(most) > 1
    assert len(list(context.findings.rows.findings())) == PAGES * 100
    await context.worker.close(context.findings.close)


async def test_a_cancelled_reading_goes_on_from_what_was_handed_over(tmp_path: Path) -> None:
    hub = Quick(PAGES * 100, 0.4)
    context = await open_context(tmp_path, hub)
    for turns in range(5, 60):
        reading = asyncio.create_task(read(context))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait({reading})
        await context.worker.call(lambda: None)
        assert set(read_as_stored(context)) <= {each.id for each in context.findings.rows.findings()}
    await read(context)
    assert len(list(context.findings.rows.findings())) == PAGES * 100
    await context.worker.close(context.findings.close)
