"""One Lease, held by one replica at a time: whoever believes to hold it does, by its own clock.

The rules, in the manner of client-go's leader election but stricter:
- Times in the Lease are for people. A candidate waits for the holder's duration by its own clock, from when
  it learnt of the last change, after the answer had arrived: that is never earlier than the change.
- A holder counts from before it sent the renewal that succeeded, and for less long: it stops first.
- Every write names the resourceVersion that was read. A write whose outcome is unknown extends nothing.
- Each Lease object has a holder identity of its own: a restarted pod is another holder than it was.
- Only people delete Leases. Who saw it held waits as if it were there still; its holder stops at once.
- What a Lease says is input: whoever is named in it keeps others out for `LONGEST_LEASE` after the last
  renewal that was seen, whatever duration it tells. A change that renews nothing, of a label say, keeps out
  nobody.
"""

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from random import SystemRandom
from typing import Any, NamedTuple, Protocol

from posture.kube.errors import Conflict, Gone, KubeError
from posture.kube.lease_terms import LONGEST_LEASE, LeaseTiming, Term
from posture.kube.resources import LEASES, ApiResource, Object
from posture.pace import steady

logger = logging.getLogger(__name__)

RELEASE_WITHIN = 3.0
# Numbers of a Lease are int32 (coordination.k8s.io/v1, LeaseSpec): the API server refuses what is more.
_INT32 = 2**31 - 1
_jitter = SystemRandom()


class LeaseApi(Protocol):
    """The calls that a Lease makes; a KubeClient has them."""

    async def get(
        self, resource: ApiResource, namespace: str | None, name: str, *, within: float | None = None
    ) -> Object:
        """Return the object; Gone when it is not there."""
        ...

    async def create(
        self, resource: ApiResource, namespace: str | None, body: Object, *, within: float | None = None
    ) -> Object:
        """Create it and return it as stored; Conflict when it is there."""
        ...

    async def replace(self, resource: ApiResource, body: Object, *, within: float | None = None) -> Object:
        """Store it over the version it names and return it; Conflict when that is not the last."""
        ...


class _Seen(NamedTuple):
    """What the Lease says."""

    spec: Mapping[str, Any]
    """As it was read."""
    holder: str
    duration: float
    at: float
    """When that became known here."""


class Lease:
    """A candidate for one Lease.

    `run()` competes until it is cancelled or the Lease released; `acquired()` gives the term of holding it.
    `identity`: this replica's name, for people; `annotations`: what else the Lease should tell them.
    `logged_elsewhere`: whether an error is.
    """

    def __init__(
        self,
        client: LeaseApi,
        name: str,
        namespace: str,
        identity: str,
        timing: LeaseTiming | None = None,
        *,
        annotations: Mapping[str, str] | None = None,
        clock: Callable[[], float] = steady,
        logged_elsewhere: Callable[[KubeError], bool] = lambda _: False,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.holder = f"{identity}_{secrets.token_hex(8)}"
        self.error: KubeError | None = None  # what the last attempt failed with
        self._client = client
        self._timing = timing or LeaseTiming()
        self._annotations = dict(annotations or {})
        self._clock = clock
        self._logged_elsewhere = logged_elsewhere
        self._said = ""
        self._term: Term | None = None
        self._begun = asyncio.Event()
        self._released = asyncio.Event()
        self._attempting = asyncio.Lock()
        self._seen: _Seen | None = None
        self._ours: Object | None = None  # as stored by our last write; None: read before the next one

    @property
    def holder_seen(self) -> str:
        """Who held the Lease when it was last read: an identity, or nothing."""
        return self._seen.holder if self._seen else ""

    def leads(self) -> bool:
        """Tell whether this candidate holds the Lease now."""
        return self.leading() > 0

    def leading(self) -> float:
        """Seconds for which it is held whatever happens, 0 when it is not."""
        return self._term.leading() if self._term else 0.0

    async def acquired(self) -> Term:
        """Wait until the Lease is held and return the term."""
        while True:
            self._begun.clear()
            if self._term is not None and self._term.leads():
                return self._term
            await self._begun.wait()

    async def run(self) -> None:
        """Compete for the Lease and renew it, until `release()`; failures are logged and tried again."""
        while not self._released.is_set():
            try:
                await self._attempt()
            except KubeError as error:
                self._note(error)
            else:
                self._note(None)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._released.wait()

    async def release(self) -> None:
        """End the term and leave the Lease to whoever comes next; call it when the work under it has stopped.

        Takes a few seconds at most. When the API server cannot be told, the Lease ends by itself in time.
        """
        self._released.set()
        self._end_term()
        try:
            async with asyncio.timeout(RELEASE_WITHIN), self._attempting:
                await self._hand_over()
        except TimeoutError:
            logger.warning("Lease %s could not be released; it expires by itself: no answer", self.name)
        except KubeError as error:
            logger.warning("Lease %s could not be released; it expires by itself: %s", self.name, error)

    def _pause(self) -> float:
        """Return seconds until the next attempt; spread, so that candidates do not meet."""
        pause = self._timing.retry
        if self._ours is not None and self.leads():
            pause = self._timing.renew_every
        elif self._seen is not None and not self._is_free(self._seen):
            pause = min(pause, self._free_at(self._seen) - self._clock())
        return max(pause, 0.0) * _jitter.uniform(1.0, 1.1)

    def _note(self, error: KubeError | None) -> None:
        before, self.error = self.error, error
        if error is not None and str(error) != self._said:
            if self._logged_elsewhere(error):
                logger.debug("Lease %s: %s", self.name, error)
                return
            self._said = str(error)
            logger.warning("Lease %s: %s", self.name, error)
        elif error is None and before is not None:
            self._said = ""
            logger.info("Lease %s: the API server answers again", self.name)

    async def _attempt(self) -> None:
        """Renew what is held, or take what is free."""
        async with self._attempting:
            if self._released.is_set():
                return
            with suppress(Conflict, Gone):
                if self._ours is not None:
                    await self._claim(self._ours)
                    return
            # Nothing is known, or somebody wrote in between: perhaps we, when an answer was lost.
            with suppress(Conflict, Gone):  # two candidates met: the next attempt knows who came first
                await self._claim(await self._read())

    async def _read(self) -> Object | None:
        """Return the Lease as it is, None when there is none."""
        self._ours = None
        try:
            found = await self._client.get(LEASES, self.namespace, self.name, within=self._timing.within)
        except Gone:
            return None
        self._see(found)
        return found

    async def _claim(self, found: Object | None) -> None:
        """Write us as the holder over the version found, if it is ours or free."""
        self._ours = None
        if found is None:
            # Never written, or deleted: then another candidate may create it at any moment.
            self._end_term()
        if self._seen is not None and not self._is_free(self._seen):
            self._end_term()
            return
        before = self._clock()
        if found is None:
            body = self._record({"metadata": {"name": self.name, "namespace": self.namespace}}, self.holder)
            stored = await self._client.create(LEASES, self.namespace, body, within=self._timing.within)
        else:
            body = self._record(found, self.holder)
            stored = await self._client.replace(LEASES, body, within=self._timing.within)
        self._see(stored)
        self._ours = stored
        self._hold(before + self._timing.renew_deadline)

    async def _hand_over(self) -> None:
        known = self._ours
        with suppress(Conflict):
            await self._give_up(known if known is not None else await self._read())
            return
        await self._give_up(await self._read())

    async def _give_up(self, found: Object | None) -> None:
        self._ours = None
        if found is not None and _spec(found).get("holderIdentity") == self.holder:
            await self._client.replace(LEASES, self._record(found, ""), within=RELEASE_WITHIN)

    def _hold(self, until: float) -> None:
        if self._released.is_set() or until <= self._clock():
            return
        if self._term is not None and self._term.leads():
            self._term._extend(until)  # noqa: SLF001 - a Lease makes its terms
            return
        self._end_term()
        self._term = Term(until, self._clock)
        self._begun.set()

    def _end_term(self) -> None:
        if self._term is not None:
            self._term._end()  # noqa: SLF001 - a Lease makes its terms
            self._term = None

    def _see(self, found: Object) -> None:
        spec = _spec(found)
        # Every renewal writes another time: what leaves the spec as it was is none.
        if self._seen is not None and self._seen.spec == spec:
            return
        holder, says = spec.get("holderIdentity"), _seconds(spec.get("leaseDurationSeconds"))
        if says > LONGEST_LEASE and (self._seen is None or self._seen.spec.get("holderIdentity") != holder):
            logger.warning(
                "Lease %s: its holder %s claims it for %g s; if nobody renews it, it is taken after %g s",
                self.name,
                holder,
                says,
                LONGEST_LEASE,
            )
        # A holder with another configuration wrote its own duration: the longer of the two is safe.
        duration = min(max(says, self._timing.duration), LONGEST_LEASE)
        self._seen = _Seen(spec, holder if isinstance(holder, str) else "", duration, self._clock())

    def _is_free(self, seen: _Seen) -> bool:
        return seen.holder in ("", self.holder) or self._clock() >= self._free_at(seen)

    def _free_at(self, seen: _Seen) -> float:
        return seen.at + seen.duration

    def _record(self, found: Object, holder: str) -> Object:
        """Return the Lease with that holder; what others wrote on it stays."""
        metadata, spec = dict(found["metadata"]), dict(_spec(found))
        if self._annotations:
            metadata["annotations"] = (metadata.get("annotations") or {}) | self._annotations
        now = _micro_time(datetime.now(UTC))
        if spec.get("holderIdentity") != holder:
            spec["leaseTransitions"] = _next(spec.get("leaseTransitions"))
            spec["acquireTime"] = now
        spec["holderIdentity"] = holder
        spec["renewTime"] = now
        spec["leaseDurationSeconds"] = math.ceil(self._timing.duration)
        return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}


def _spec(found: Object) -> Mapping[str, Any]:
    spec = found.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def _seconds(said: object) -> float:
    """Return the seconds that a Lease says it lasts; 0 where that cannot be read, or is no time at all."""
    return float(min(max(said, 0), _INT32)) if isinstance(said, int) else 0.0


def _next(transitions: object) -> int:
    """Return the number of the holder after the one of this number; it begins anew where it cannot go on."""
    return transitions + 1 if isinstance(transitions, int) and 0 <= transitions < _INT32 else 0


def _micro_time(at: datetime) -> str:
    # The API server refuses a MicroTime without microseconds.
    return at.replace(microsecond=max(at.microsecond, 1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
