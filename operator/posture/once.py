"""A hub that is read once, without an operator: the same sources and the same store as the operator's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub, HubDependencies
from posture.hubs.status import HubStatus
from posture.pace import Lasting
from posture.sources.securityhub.source import SecurityHubs
from posture.store.errors import StoreError, StoreLost
from posture.store.sqlite.stores import SqliteStores


class HubRead(NamedTuple):
    """A hub that is exact, and what it was read with."""

    hub: Hub
    sessions: Sessions
    limiters: Limiters
    usage: Usage

    def security_hub(self, identity: Identity) -> SecurityHub:
        """Return Security Hub's API for an identity."""
        return SecurityHub(self.sessions, identity, self.limiters, self.usage)


@asynccontextmanager
async def hub_read_once(
    key: HubKey,
    demands: Iterable[Demand],
    folder: Path,
    *,
    quota_share: float,
    told: Callable[[HubStatus], None],
    owners: Collection[str] = (),
) -> AsyncIterator[HubRead]:
    """Yield a hub once it is exact as of a moment after this was called.

    `folder`: where its store is, and may have been before: then only what has changed since is read. `told`
    is called with its status whenever that changes. `owners`: whose marks on findings are looked for. What
    passes is waited for; raises AwsError and StoreError for what does not.
    """
    usage = Usage()
    async with AsyncExitStack() as stack:
        sessions = await stack.enter_async_context(Sessions(usage))
        identity = Identity(key.role_arn, key.external_id, key.region)
        limiters = Limiters(quota_share)
        cloud = SecurityHub(sessions, identity, limiters, usage)
        hub = Hub(
            key,
            HubDependencies(SecurityHubs(cloud), lambda: sessions.account(identity), SqliteStores(folder)),
        )
        hub.own(owners)
        # Whoever knows of a policy that has turned something off says so afterwards.
        hub.know_turned_off({})
        hub.ask(demands)
        changed = asyncio.Event()
        hub.on_change(changed.set)
        ticket = hub.request()
        life = asyncio.create_task(hub.run(), name=hub.name)
        stack.push_async_callback(_ended, hub, life)
        while not hub.exact_since(ticket):
            await _either(changed, life)
            changed.clear()
            told(hub.status)
            error = hub.status.error
            if error is not None and _lasts(error):
                raise error
        yield HubRead(hub, sessions, limiters, usage)


def _lasts(error: AwsError | StoreError) -> bool:
    """Whether waiting changes nothing; a store that was unusable is begun anew by the hub itself."""
    return isinstance(error, Lasting) or (isinstance(error, StoreError) and not isinstance(error, StoreLost))


async def _either(changed: asyncio.Event, life: "asyncio.Task[None]") -> None:
    """Wait for a change. What ends the hub is a defect, and is raised."""
    waiting = asyncio.create_task(changed.wait())
    try:
        await asyncio.wait({waiting, life}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if life.done():
        life.result()
        raise RuntimeError("the hub has ended by itself")


async def _ended(hub: Hub, life: "asyncio.Task[None]") -> None:
    await hub.stop()
    await asyncio.wait({life})
