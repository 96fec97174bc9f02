"""A hub with a store of its own, as an output sees it, that can be killed and taken up again."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from posture.domain.findings import Finding
from posture.domain.outbox import EventKind, Outlet
from posture.domain.scoring.accounts import AccountFilter
from posture.hubs.demand import HubKey
from posture.publish.sink import PublishedScope, PublishingTarget
from posture.sources.findings_view import FindingsView
from posture.store.records import Read
from posture.store.sqlite.store import Store
from tests.support.rows import FSBP, OWNER, key

T = TypeVar("T")

HUB = HubKey(None, None, "eu-west-1")
OWN = ("Security Hub",)


class StoredHub:
    """A hub whose store is at a path. `time`: µs by AWS's clock."""

    name = "posture-hub-0"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.time = 1_000_000
        self.outlets: Collection[Outlet] = ()
        self.leads = True
        self._listeners: list[Callable[[], None]] = []
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """The open store."""
        if self._store is None:
            self._store = Store.open(self._path, owner=OWNER).store
            self._store.outbox.follow(self.outlets, OWN)
        return self._store

    def follow(self, *outlets: Outlet) -> None:
        """Serve these outputs."""
        self.outlets = outlets
        self.store.outbox.follow(outlets, OWN)

    def kill(self) -> None:
        """Let go of the store as a process that is killed does: nothing is said goodbye to."""
        if self._store is not None:
            self._store._database.close()
        self._store = None

    def write(self, *findings: Finding, **fields: Any) -> None:
        """Store findings that were read just now, each with more fields than are read."""
        self.time += 1_000_000
        texts = {key(each): msgspec.json.encode(whole(each, **fields)) for each in findings}
        self.store.write([Read(list(findings), self.time, wholes=texts)])
        self.change()

    def change(self) -> None:
        """Say that something has changed."""
        for listener in self._listeners:
            listener()

    def leading(self) -> float:
        """Seconds for which it leads."""
        return 60.0 if self.leads else 0.0

    def now(self) -> int:
        """The time."""
        return self.time

    async def look(self, look: Callable[[FindingsView], T]) -> T | None:
        """Look into the store."""
        return look(FindingsView(self.store))

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call a listener when something has changed."""
        self._listeners.append(listener)


def whole(of: Finding, **fields: Any) -> dict[str, Any]:
    """A finding as Security Hub might give it."""
    return {
        "Id": of.id,
        "AwsAccountId": of.account_id,
        "UpdatedAt": of.updated_at,
        "Compliance": {"Status": of.compliance.name},
        "Workflow": {"Status": of.workflow.name},
        **fields,
    }


def publishing(
    uid: str = "u", name: str = "organization", *, accounts: Collection[str] = ("*",)
) -> PublishingTarget:
    """A target whose own are all findings of FSBP in these accounts."""
    scope = PublishedScope(AccountFilter(granted=accounts), frozenset({FSBP}), frozenset())
    return PublishingTarget(uid, "security", name, ("soc",), 0, 0, HUB, scope)


def outlet(name: str = "soc", *kinds: EventKind, backfill: bool = False) -> Outlet:
    """An output that is told of these kinds, of all without any."""
    return Outlet(name, frozenset(kinds or EventKind), backfill)
