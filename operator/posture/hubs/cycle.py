"""The life of a hub whose store is open: polls at their pace, re-lists and sweeps beside them."""

import asyncio
import time
from typing import Any, Protocol

import msgspec

from posture.aws.discovery import HubFacts
from posture.aws.errors import AwsError
from posture.hubs.bulletin import Bulletin
from posture.hubs.demand import Wanted
from posture.hubs.pacing import BackOff
from posture.hubs.requests import Requests
from posture.hubs.scan import Source
from posture.hubs.status import Phase
from posture.hubs.sync import Sync

_MICRO = 1_000_000
_FACTS = "facts"
_PROGRESS_EVERY = 5.0
_POLL, _SWEEP, _RELIST = "poll", "sweep", "re-list"
_SUSPICIOUS = (
    "More findings are gone at once than is usual: they are kept until a second complete sweep has missed "
    "them too. If nothing was taken away on purpose, look for a member, a Region or a right that is missing"
)


class Cloud(Source, Protocol):
    """What a hub asks of AWS; `posture.aws.securityhub.SecurityHub` is one."""

    async def discover(self) -> HubFacts:
        """Find out what this hub is."""
        ...


class StoredFacts(msgspec.Struct):
    """What was discovered, and when by the local clock (µs): only their age is of interest."""

    facts: HubFacts
    at: int


class Cycle:
    """Runs a sync for whoever asks. Raises StoreError; AwsError is posted, and tried again."""

    def __init__(
        self, cloud: Cloud, sync: Sync, requests: Requests, bulletin: Bulletin, pauses: BackOff
    ) -> None:
        self._cloud = cloud
        self._sync = sync
        self._requests = requests
        self._bulletin = bulletin
        self._pauses = pauses
        self._facts: StoredFacts | None = None
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._due = 0.0
        self._resumed = False

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                ticket = self._requests.begun()
                if self._requests.wanted is None:
                    await self._idle(ticket)
                else:
                    await self._go(self._requests.wanted, ticket)
                    await self._rest(self._requests.wanted)
        finally:
            await self._stop_jobs()

    async def _idle(self, ticket: int) -> None:
        """Nobody asks: nothing is called, and what was known stays known."""
        await self._stop_jobs()
        self._requests.ended(ticket)
        self._bulletin.post(phase=Phase.IDLE, next_time=None, interval_seconds=None)
        await self._requests.woken()

    async def _go(self, wanted: Wanted, ticket: int) -> None:
        """Run once: facts where they are old, a poll, and what is due beside it."""
        sync, started = self._sync, time.monotonic()
        self._due = started + wanted.interval / _MICRO
        sync.full_sync = wanted.full_sync
        try:
            await sync.want(wanted.products)
            sync.windows = self._requests.windows()
            await self._resume(wanted)
            await self._discover(anew=self._requests.pending)
            published = await sync.poll()
        except AwsError as error:
            self._failed(_POLL, error, wanted)
            self._requests.ended(ticket)
            return
        self._bulletin.succeeded(_POLL)
        self._pauses.succeeded()
        if sync.ready:
            self._requests.ended(ticket)
        self._post(wanted, **(self._success(time.monotonic() - started) if published else {}))
        self._start_jobs()

    async def _resume(self, wanted: Wanted) -> None:
        """Begin with what is stored, where it is whole: as of the last poll of the process before."""
        if self._resumed:
            return
        desk = self._sync.desk
        self._facts = _decoded(await desk.worker.call(desk.known.store.state, _FACTS))
        if self._facts is not None and await self._sync.resume():
            self._bulletin.post(facts=self._facts.facts)
            self._post(wanted)
        self._resumed = True

    async def _discover(self, *, anew: bool) -> None:
        """Find out what the hub is, unless that was done not long ago, by this process or the last."""
        desk, now, facts = self._sync.desk, time.time_ns() // 1_000, self._facts
        if anew or facts is None or not 0 <= now - facts.at < desk.bounds.facts:
            facts = StoredFacts(await self._cloud.discover(), now)
            stored = {_FACTS: msgspec.json.encode(facts).decode()}
            await desk.worker.call(desk.known.store.put_state, stored)
        self._facts = facts
        if self._bulletin.status.facts != facts.facts:
            self._bulletin.post(facts=facts.facts)

    def _start_jobs(self) -> None:
        """Start what is due and not under way."""
        sync = self._sync
        if _SWEEP not in self._jobs and sync.sweep_due():
            self._jobs[_SWEEP] = asyncio.create_task(sync.sweep())
        if _RELIST not in self._jobs and sync.relist_due():
            self._jobs[_RELIST] = asyncio.create_task(sync.relist())

    async def _rest(self, wanted: Wanted) -> None:
        """Wait until the next poll is due, somebody asks for it, or a job has ended well."""
        woken = asyncio.create_task(self._requests.woken())
        try:
            while (left := self._due - time.monotonic()) > 0:
                left = left if self._sync.ready else min(left, _PROGRESS_EVERY)
                ended, _ = await asyncio.wait(
                    {woken, *self._jobs.values()}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if woken in ended or self._reap(wanted):
                    return
                if not self._sync.ready:
                    self._post(wanted)
        finally:
            woken.cancel()

    def _reap(self, wanted: Wanted) -> bool:
        """Take in the jobs that have ended; whether any of them did well: then a poll makes it count."""
        did_well = False
        for work, job in list(self._jobs.items()):
            if not job.done():
                continue
            del self._jobs[work]
            try:
                job.result()
            except AwsError as error:
                self._failed(work, error, wanted)
            else:
                self._bulletin.succeeded(work)
                did_well = True
        return did_well

    async def _stop_jobs(self) -> None:
        for job in self._jobs.values():
            job.cancel()
        await asyncio.gather(*self._jobs.values(), return_exceptions=True)
        self._jobs.clear()

    def _failed(self, work: str, error: AwsError, wanted: Wanted) -> None:
        pause = self._pauses.after(error, wanted.interval / _MICRO)
        self._due = time.monotonic() + pause
        self._bulletin.failed(work, error)

    def _left(self) -> int:
        """Return the µs until the next poll is due."""
        return max(0, int((self._due - time.monotonic()) * _MICRO))

    def _success(self, seconds: float) -> dict[str, Any]:
        """Return what to say of the poll that has just published."""
        desk = self._sync.desk
        calls, changed = desk.tally.calls, desk.tally.changed
        desk.tally.calls = desk.tally.changed = 0
        return {
            "last_success": desk.latest,
            "calls": calls,
            "changed": changed,
            "duration_seconds": seconds,
        }

    def _post(self, wanted: Wanted, **more: Any) -> None:  # noqa: ANN401 - fields of HubStatus
        """Post how the sync stands."""
        sync, desk = self._sync, self._sync.desk
        done, noted, published = desk.progress.done, desk.tally.noted, sync.published
        changes: dict[str, Any] = {
            "progress": sync.progress(),
            "interval_seconds": wanted.interval / _MICRO,
            "suspicious": None if done.suspicious is None else _SUSPICIOUS,
            "last_full": None if done.swept is None else done.swept + done.sweep_took,
            "next_time": (desk.latest or time.time_ns() // 1_000) + self._left(),
            "corrections": dict(desk.tally.corrections),
            "unreadable": len(noted),
            "unreadable_findings": tuple(noted.items())[-10:],
        }
        if published is not None:
            changes |= {
                "exact_at": published.exact_at,
                "last_success": self._bulletin.status.last_success or published.exact_at,
                "version": published.version,
                "findings": published.findings,
                "rejected": published.rejected,
                "rejected_findings": tuple((each.id, each.why) for each in published.examples),
            }
        self._bulletin.post(phase=Phase.SYNCING if published is None else Phase.CURRENT, **changes | more)


def _decoded(stored: str | None) -> StoredFacts | None:
    """Return stored facts; None where there are none, or ones of another version of this program."""
    try:
        return None if stored is None else msgspec.json.decode(stored, type=StoredFacts)
    except msgspec.ValidationError:
        return None
