"""A hub that is read once, without an operator: the same sources and the same store as the operator's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.organizations.client import Organizations
from posture.aws.securityhub.client import SecurityHub
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.hubs.demand import Demand, HubKey, OrganizationDemand, OrganizationKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.hubs.makers import source_maker
from posture.hubs.status import HubStatus
from posture.pace import Lasting
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
    is called with its status whenever that changes. `owners`: whose marks on findings are looked for. The
    organizations that are asked for are read too. What passes is waited for; raises AwsError and StoreError
    for what does not.
    """
    usage = Usage()
    async with AsyncExitStack() as stack:
        sessions = await stack.enter_async_context(Sessions(usage))
        identity = Identity(key.role_arn, key.external_id, key.region)
        limiters = Limiters(quota_share)

        def organizations(asked: OrganizationKey) -> Organizations:
            return Organizations(sessions, Identity(*asked, key.region), limiters, usage)

        hub = Hub(
            key,
            HubDependencies(
                source_maker(key, sessions, limiters, usage),
                lambda: sessions.account(identity),
                SqliteStores(folder),
                organizations=organizations,
            ),
        )
        hub.own(owners)
        # Whoever knows of a policy that has turned something off says so afterwards.
        hub.know_turned_off({})
        asked = list(demands)
        hub.ask(asked)
        changed = asyncio.Event()
        hub.on_change(changed.set)
        ticket = hub.request()
        life = asyncio.create_task(hub.run(), name=hub.name)
        stack.push_async_callback(_ended, hub, life)
        wanted = [each.organization for each in asked if each.organization is not None]
        while not hub.exact_since(ticket) or not await _are_read(hub, wanted):
            await _either(changed, life)
            changed.clear()
            told(hub.status)
            error = hub.status.error
            if error is not None and _lasts(error):
                raise error
        yield HubRead(hub, sessions, limiters, usage)


async def _are_read(hub: Hub, wanted: Sequence[OrganizationDemand]) -> bool:
    """Whether all that is asked for is known. Raises AwsError where waiting changes nothing."""
    if not wanted:
        return True
    places = await hub.look(lambda findings: findings.rows.places())
    facts = hub.status.facts
    if places is None or facts is None:
        return False
    for each in wanted:
        status = hub.status.organizations.get(each.key)
        if status is None:
            return False
        for error in status.errors:
            if _lasts(error):
                raise error
        accounts = AccountFilter(granted=each.granted, include=each.include, exclude=each.exclude)
        seen = {*places[0], *facts.members}
        own = [id_ for id_ in seen if accounts.standing(id_) is AccountStanding.TARGETED]
        if not status.known.accounts or (each.tag_keys and status.known.unread(own)):
            return False
    return True


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
