"""The emulated Security Hub without its HTTP: state of all accounts and Regions, and how findings change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sandbox.config.state import Config
from sandbox.securityhub import changes
from sandbox.securityhub.accounts import Hub, Organization
from sandbox.securityhub.asff import Keys, decode, encode, keys_of
from sandbox.securityhub.calls import Calls
from sandbox.securityhub.clock import MICROSECONDS, Clock
from sandbox.securityhub.errors import invalid_access
from sandbox.securityhub.events import Events, EventsRequest
from sandbox.securityhub.faults import Fault, Faults
from sandbox.securityhub.history import Histories
from sandbox.securityhub.quotas import Quotas
from sandbox.securityhub.staleness import Staleness
from sandbox.securityhub.store import Store
from sandbox.securityhub.tokens import Tokens


class Caller(NamedTuple):
    """Who asks: by his credentials the account, by their scope the Region."""

    account: str
    region: str
    access_key: str = ""
    service: str = "securityhub"


@dataclass(slots=True)
class Settings:
    """Where AWS's behaviour is unknown or varies. Latencies in seconds, by operation, `*` for all others.

    `merge_user_fields`: UserDefinedFields of an update join those there, or take their place. `update_delay`:
    seconds until a BatchUpdateFindings that was answered takes effect. `v2_suppressed`: Ids of what is
    suppressed in Security Hub V2; `v2_shares`: whether what is suppressed in CSPM is so there too.
    """

    merge_user_fields: bool = False
    update_delay: float = 0.0
    latency: dict[str, float] | None = None
    v2_suppressed: frozenset[str] = frozenset()
    v2_shares: bool = False

    def latency_of(self, operation: str) -> float:
        """Return how long an operation takes at least, in seconds."""
        latency = self.latency or {}
        return latency.get(operation, latency.get("*", 0.0))


class _Pending(NamedTuple):
    due: int
    seq: int
    update: Mapping[str, Any]
    by: str


class Emulator:
    """All state. `directory`: for the findings' database; None: a temporary one."""

    def __init__(self, *, directory: Path | None = None, quotas: Quotas | None = None, seed: int = 0) -> None:
        random = Random(seed)
        self.clock = Clock()
        self.store = Store(directory)
        self.organization = Organization()
        self.tokens = Tokens(self.clock)
        self.quotas = quotas or Quotas(enabled=False)
        self.calls = Calls()
        self.faults = Faults(random)
        self.staleness = Staleness(self.clock, random)
        self.histories = Histories(self.clock)
        self.settings = Settings()
        self.config = Config(self.clock)
        self.events = Events(self.clock, random)
        self._pending: list[_Pending] = []

    def close(self) -> None:
        """Remove what is on disk."""
        self.store.close()

    def reset(self) -> None:
        """Go back to the state of a new emulator; its clock too."""
        self.clock.use_real_time()
        self.store.clear()
        self.organization = Organization()
        self.tokens = Tokens(self.clock)
        self.quotas.refill()
        self.calls.reset()
        self.faults.remove()
        self.staleness.forget()
        self.histories.forget()
        self.settings = Settings()
        self.config = Config(self.clock)
        self.events.tell(EventsRequest())
        self._pending.clear()

    def load(self, findings: Iterable[Mapping[str, Any] | bytes]) -> int:
        """Add findings as they are, in bulk, none of them there already; return how many."""
        with self.store.bulk():
            return max(self.store.load(it if isinstance(it, bytes) else encode(it) for it in findings))

    def add(self, finding: Mapping[str, Any] | bytes, keys: Keys | None = None) -> int:
        """Add one finding as it is and return its seq."""
        body = finding if isinstance(finding, bytes) else encode(finding)
        seq = self.store.add(body, keys)
        self.staleness.remember(seq, (keys or keys_of(body)).id, None)
        self.histories.created(seq)
        self.events.changed(body)
        return seq

    def change(
        self, seq: int, finding: Mapping[str, Any] | bytes, keys: Keys | None = None, *, by: str = ""
    ) -> None:
        """Put another state in a finding's place; where staleness is asked for, the old one shows a while.

        `by`: the ARN of the customer who changed it; empty: its provider did.
        """
        old = self.store.body(seq)
        new = finding if isinstance(finding, bytes) else encode(finding)
        self.staleness.remember(seq, keys_of(old).id, old)
        self.histories.changed(seq, decode(old) or {}, decode(new) or {}, by)
        self.store.replace(seq, new, keys)
        self.events.changed(new)

    def delete(self, seq: int) -> None:
        """Remove a finding."""
        old = self.store.body(seq)
        self.staleness.remember(seq, keys_of(old).id, old)
        self.store.delete(seq)
        self.histories.forget(seq)

    def finding(self, seq: int) -> dict[str, Any]:
        """Return a finding as plain data; empty where it is malformed."""
        return decode(self.store.body(seq)) or {}

    def touch(self, seq: int) -> None:
        """Let a finding's provider update it, without another change."""
        self.change(seq, {**self.finding(seq), "UpdatedAt": self.clock.timestamp()})

    def update(self, seq: int, update: Mapping[str, Any], by: str) -> None:
        """Apply a customer's update, at once or as late as the settings say; `by`: who it is, as an ARN."""
        due = self.clock.now() + round(self.settings.update_delay * MICROSECONDS)
        if self.settings.update_delay:
            self._pending.append(_Pending(due, seq, update, by))
        else:
            self._apply(seq, update, by)

    def settle(self) -> int:
        """Apply the late updates that are due; return how many still wait."""
        now = self.clock.now()
        due = [pending for pending in self._pending if pending.due <= now]
        self._pending = [pending for pending in self._pending if pending.due > now]
        for pending in due:
            try:
                self._apply(pending.seq, pending.update, pending.by)
            except KeyError:
                # The finding was deleted before its update came through.
                continue
        return len(self._pending)

    def _apply(self, seq: int, update: Mapping[str, Any], by: str) -> None:
        self.change(
            seq,
            changes.apply_customer_update(
                self.finding(seq),
                update,
                self.clock.timestamp(),
                merge_user_fields=self.settings.merge_user_fields,
            ),
            by=by,
        )


@dataclass(frozen=True, slots=True)
class Context:
    """One call: who asks for what. `taken`: the faults that the operation fell for."""

    emulator: Emulator
    caller: Caller
    operation: str = ""
    taken: list[Fault] = field(default_factory=list)

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of this kind that fires now, or None."""
        fault = self.emulator.faults.take(kind, self.operation, self.caller.account, self.caller.region)
        if fault is not None:
            self.taken.append(fault)
        return fault

    @property
    def hub(self) -> Hub:
        """The caller's hub. Raises ApiError where Security Hub is off."""
        hub = self.emulator.organization.hub(self.caller.account, self.caller.region)
        if hub is None:
            raise invalid_access(f"Account {self.caller.account} is not subscribed to AWS Security Hub")
        return hub
