"""Identities and their clients: the operator's own, and roles that it assumes.

botocore's machinery stays in use: the standard ways of finding credentials (environment, web identity,
profile, container, instance), refreshing, signing, and endpoints (`AWS_ENDPOINT_URL[_SERVICE]`). Identities
share clients (`acting`), so that one more role costs a few kilobytes.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiobotocore.config import AioConfig
from aiobotocore.credentials import (
    AioAssumeRoleCredentialFetcher,
    AioCredentialResolver,
    AioDeferredRefreshableCredentials,
)
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from aiohttp import ClientSession
from botocore.exceptions import NoCredentialsError

from posture.aws.client.acting import ActingCredentials, Actor, Client
from posture.aws.client.limiter import Usage
from posture.aws.client.refusals.refusal import FAULTS, is_replaceable, refusal
from posture.aws.client.responses import Decoder, watch

SESSION_NAME = "posture-operator"
# Said once: botocore makes its own anew for each request, which costs a fifth of all that a request costs.
_USER_AGENT = " ".join(f"{name}/{version(name)}" for name in (SESSION_NAME, "aiobotocore", "botocore"))
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
# A session in use is refreshed 15 minutes before its end; at 900 seconds that would be all the time.
_ROLE_SECONDS = 3600
# All identities share them; idle ones are closed after half a minute.
_CONNECTIONS = 256
_IDLE_SECONDS = 30
# AWS says "expired" of the same credentials again within this time: a new session will not help.
_RENEWAL_PAUSE = 60.0
# How often botocore sends a request. All others are repeated by `Calls`, which must see each attempt: where
# the answer to a write is lost, nobody knows whether it was done.
_ATTEMPTS = {"sts": 4}
UNUSED_SECONDS = 3600.0
"""What nobody has asked for in this time is forgotten; no call takes nearly as long."""

ActorKey = tuple[str | None, str | None, str]
_OWN: ActorKey = (None, None, SESSION_NAME)


class Identity(NamedTuple):
    """As whom, and where: `role_arn` None is the operator's own identity; `region` is the default Region.

    `session`: how CloudTrail names what a role does; two that differ in it have credentials of their own.
    """

    role_arn: str | None
    external_id: str | None
    region: str
    session: str = SESSION_NAME

    @property
    def actor(self) -> "ActorKey":
        """Give what identities share that act with the same credentials."""
        return self.role_arn, self.external_id, self.session


class _SendingOnce(AIOHTTPSession):  # type: ignore[misc]  # aiobotocore has no types
    """A session that sends each request once.

    aiohttp repeats GET, HEAD, PUT and DELETE by itself where a connection breaks, and has no public way to
    turn that off (aio-libs/aiohttp#10790): a bucket's policy would be written twice.
    """

    async def _get_session(self, proxy_url: str | None) -> ClientSession:
        session: ClientSession = await super()._get_session(proxy_url)
        session._retry_connection = False  # noqa: SLF001 - see above
        return session


class _Shared:
    """A client of botocore that all identities share; `used`: monotonic seconds of its last use."""

    def __init__(self, client: Any, exits: AsyncExitStack) -> None:  # noqa: ANN401 - aiobotocore has no types
        self.client = client
        self.exits = exits
        self.used = 0.0


class Sessions:
    """All AWS sessions and clients of the process; an asynchronous context manager that closes them.

    Clients belong to this object: never close them, and ask for one before each call, because those that
    nobody has asked for in `UNUSED_SECONDS` by `monotonic` are closed.
    """

    def __init__(self, usage: Usage, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._usage = usage
        self._monotonic = monotonic
        self._session: AioSession | None = None
        self._shared: dict[tuple[str, str], _Shared] = {}
        self._actors: dict[ActorKey, Actor] = {}
        self._renewed: set[ActorKey] = set()
        self._making = asyncio.Lock()
        self._decoders: dict[tuple[str, str], Decoder] = {}

    def decode(self, service: str, operation: str, decoder: Decoder) -> None:
        """Have the bodies of an operation's answers (`GetFindings`) made into what `decoder` returns.

        It is in the answer at `responses.DECODED`. All other bodies are compared with the service's model.
        """
        self._decoders[service, operation] = decoder

    async def __aenter__(self) -> Self:
        """Enter; nothing is read or opened before the first client is asked for."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every client's connections."""
        while self._shared:
            await self._shared.popitem()[1].exits.aclose()
        self._actors.clear()
        self._renewed.clear()

    async def warm_up(self, *services: str) -> None:
        """Load what the clients of these services are made of, before anybody waits for it.

        A configuration that botocore refuses is said to whoever asks for a client.
        """
        with suppress(*FAULTS):
            for service in services:
                await asyncio.to_thread(self._base().warm_up_loader_caches, service)

    async def client(self, identity: Identity, service: str, region: str | None = None) -> Client:
        """Get the client of a service, as botocore names it, in the identity's Region or another one.

        Raises CredentialsUnavailable, RegionUnavailable. A role is assumed by the client's first call.
        """
        key, place = identity.actor, (service, region or identity.region)
        actor, shared = self._actors.get(key), self._shared.get(place)
        if actor is None or shared is None:
            async with self._making:
                try:
                    actor, shared = await self._actor(identity), await self._client(*place)
                except FAULTS as error:
                    raise refusal(
                        error, service=service, operation="CreateClient", region=place[1]
                    ) from error
        actor.used = shared.used = self._monotonic()
        return Client(shared.client, actor)

    async def account(self, identity: Identity) -> str:
        """Ask STS for the identity's account id (GetCallerIdentity, which needs no permission); cached.

        Raises AwsError: RoleNotAssumable, CredentialsUnavailable, CredentialsRefused, Retryable and the like.
        """
        known = self._actors.get(identity.actor)
        if known is not None and known.account_id is not None:
            return known.account_id
        client = await self.client(identity, "sts")
        try:
            caller = await client.get_caller_identity()
        except (*FAULTS, RuntimeError) as error:
            if is_replaceable(error) and await self.renew(identity, client):
                return await self.account(identity)
            raise refusal(
                error,
                service="sts",
                operation="GetCallerIdentity",
                region=identity.region,
                role_arn=identity.role_arn,
                external_id=identity.external_id,
            ) from error
        client.actor.account_id = str(caller["Account"])
        return client.actor.account_id

    async def renew(self, identity: Identity, stale: Client) -> bool:
        """Replace credentials that AWS refuses, given the client that was told so.

        True: ask for the client again, and repeat the call. False: they are fresh, have not worked once, and
        took the place of others moments ago.
        """
        async with self._making:
            key, now = identity.actor, self._monotonic()
            current = self._actors.get(key)
            if current is None or current is not stale.actor:
                return True
            if not current.proven and key in self._renewed and now - current.since < _RENEWAL_PAUSE:
                return False
            self._retire(key)
            own = self._actors.get(_OWN)
            if own is not None and now - own.since >= _RENEWAL_PAUSE:
                # What the role is assumed with may have run out, and lie renewed in a file.
                self._retire(_OWN)
            return True

    def _retire(self, key: ActorKey) -> None:
        del self._actors[key]
        self._renewed.add(key)

    def _base(self) -> AioSession:
        """Return the session of all clients, which has no credentials of its own."""
        if self._session is None:
            self._session = AioSession()
            self._session.register_component(
                "credential_provider", AioCredentialResolver([ActingCredentials()])
            )
            watch(self._session, self._usage, self._decoders)
        return self._session

    async def _client(self, service: str, region: str) -> _Shared:
        """Return the client of all identities; within the lock."""
        shared = self._shared.get((service, region))
        if shared is None:
            await self._forget_unused()
            exits = AsyncExitStack()
            made = self._base().create_client(
                service, region_name=region, config=_config(_ATTEMPTS.get(service, 1))
            )
            shared = self._shared[service, region] = _Shared(await exits.enter_async_context(made), exits)
        return shared

    async def _actor(self, identity: Identity) -> Actor:
        """Return who acts as an identity; within the lock."""
        actor = self._actors.get(identity.actor)
        if actor is None:
            await self._forget_unused()
            if identity.role_arn is None:
                credentials = await self._own_session().get_credentials()
            else:
                own = await self._actor(Identity(None, None, identity.region))
                credentials = self._role(identity, own)
            if credentials is None:
                # Not remembered: they may come.
                raise NoCredentialsError
            actor = self._actors[identity.actor] = Actor(credentials, since=self._monotonic())
        return actor

    async def _forget_unused(self) -> None:
        """Forget what nobody has asked for in long: done where something new is made, which alone adds."""
        before = self._monotonic() - UNUSED_SECONDS
        for key in [key for key, actor in self._actors.items() if actor.used < before and key != _OWN]:
            del self._actors[key]
            self._renewed.discard(key)
        for place in [place for place, shared in self._shared.items() if shared.used < before]:
            await self._shared.pop(place).exits.aclose()

    def _own_session(self) -> AioSession:
        """Make a session that finds the operator's own credentials anew, out of what is loaded already."""
        base, session = self._base(), AioSession()
        session.register_component("data_loader", base.get_component("data_loader"))
        # There is no public way to share what endpoints.json costs: 13 MB and 0.2 s a session.
        session._internal_components.register_component(  # noqa: SLF001 - see above
            "endpoint_resolver",
            base._get_internal_component("endpoint_resolver"),  # noqa: SLF001 - see above
        )
        # It calls STS by itself where the credentials are a web identity's.
        watch(session, self._usage, self._decoders)
        return session

    def _role(self, identity: Identity, own: Actor) -> AioDeferredRefreshableCredentials:
        """Return the credentials of a role, which `own` assumes when they are first needed."""
        arguments: dict[str, Any] = {"RoleSessionName": identity.session, "DurationSeconds": _ROLE_SECONDS}
        if identity.external_id:
            arguments["ExternalId"] = identity.external_id

        @asynccontextmanager
        async def sts(service: str, **_: str) -> AsyncIterator[Client]:
            async with self._making:
                shared = await self._client(service, identity.region)
            shared.used = self._monotonic()
            yield Client(shared.client, own)

        fetcher = AioAssumeRoleCredentialFetcher(
            client_creator=sts,
            source_credentials=own.credentials,
            role_arn=identity.role_arn,
            extra_args=arguments,
        )
        return AioDeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )


def _config(attempts: int) -> AioConfig:
    return AioConfig(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent=_USER_AGENT,
        http_session_cls=_SendingOnce,
        warm_up_loader_caches=True,
        connector_args={"keepalive_timeout": _IDLE_SECONDS, "socket_factory": _socket},
    )


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Open a socket that notices when a NAT gateway has dropped its connection."""
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return opened
