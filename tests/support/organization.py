"""An organization of AWS in the sandbox, and a reading of it that goes on beside a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from posture.domain.organization import OrganizationAccount
from posture.hubs.demand import OrganizationDemand, OrganizationKey
from posture.hubs.organization import OrganizationReader, OrganizationReading, OrganizationStatus
from posture.sources.findings_view import FindingsView
from posture.sources.thread import Worker

ADMINISTRATOR = "111122223333"
READER = f"arn:aws:iam::{ADMINISTRATOR}:role/posture-reader"
MEMBERS = (ADMINISTRATOR, *(f"4444555{number:05}" for number in range(28)))
"""With the management account thirty: more than a page."""
KEY = OrganizationKey(READER, None)
_SOON = 20.0


def member(account: str, **more: Any) -> dict[str, Any]:
    """An account as `Cloud.join_organization` takes it; its tags are its own."""
    tags = {"workload": f"shop-{account[-2:]}", "Secret": "hidden"}
    return {"id": account, "name": f"acme-{account}", "email": f"{account}@example.com", "tags": tags, **more}


def demand(
    *tag_keys: str, include: tuple[str, ...] = ("*",), granted: tuple[str, ...] = ("*",)
) -> OrganizationDemand:
    """What a target asks for."""
    return OrganizationDemand(KEY, frozenset(tag_keys or ("workload",)), granted, include, ())


class Kept(NamedTuple):
    """A hub's store, and the thread that it belongs to."""

    worker: Worker
    findings: FindingsView


class Later:
    """An organization that is read some time after it is: `ahead`, in µs, may be changed."""

    def __init__(self, reader: OrganizationReader, ahead: int = 0) -> None:
        self._reader = reader
        self.ahead = ahead

    def now(self) -> int:
        return self._reader.now() + self.ahead

    async def accounts(self) -> Mapping[str, OrganizationAccount]:
        return await self._reader.accounts()

    async def tags_if_member(self, account_id: str) -> Mapping[str, str] | None:
        return await self._reader.tags_if_member(account_id)


class Told:
    """What a reading has told last, and waits for it to be what is awaited."""

    def __init__(self) -> None:
        self.status: OrganizationStatus | None = None
        self._changed = asyncio.Event()

    def __call__(self, status: OrganizationStatus) -> None:
        self.status = status
        self._changed.set()

    async def until(self, condition: Callable[[OrganizationStatus], bool]) -> OrganizationStatus:
        async with asyncio.timeout(_SOON):
            while self.status is None or not condition(self.status):
                self._changed.clear()
                await self._changed.wait()
        return self.status


@asynccontextmanager
async def reading(
    reader: OrganizationReader, kept: Kept, *demands: OrganizationDemand, members: tuple[str, ...] = ()
) -> AsyncIterator[tuple[OrganizationReading, Told]]:
    """Keep an organization current. `members`: accounts that the hub knows."""
    told = Told()
    one = OrganizationReading(KEY, reader, told, first_pause=0.01)
    one.ask(demands or [demand()])
    task = asyncio.create_task(one.run(*kept, lambda: members))
    try:
        yield one, told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
