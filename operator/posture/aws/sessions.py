"""Identities and their clients: the operator's own, and roles that it assumes.

botocore's machinery stays in use: the standard ways of finding credentials (environment, web identity,
profile, container, instance), refreshing, signing, and endpoints (`AWS_ENDPOINT_URL[_SERVICE]`).
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiobotocore.config import AioConfig
from aiobotocore.credentials import (
    AioAssumeRoleCredentialFetcher,
    AioCredentialResolver,
    AioDeferredRefreshableCredentials,
)
from aiobotocore.session import AioSession
from botocore.exceptions import NoCredentialsError

from posture.aws.answers import watch
from posture.aws.refusals import FAULTS, is_expired, refusal
from posture.aws.usage import Usage

SESSION_NAME = "posture-operator"
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
# A session in use is refreshed 15 minutes before its end; at 900 seconds that would be all the time.
_ROLE_SECONDS = 3600
_CONNECTIONS = 32
_IDLE_SECONDS = 30
# AWS says "expired" of the same credentials again within this time: a new session will not help.
_RENEWAL_PAUSE = 60.0
# Calls to these services go through the limiter, which must see each attempt: botocore repeats none of them.
_LIMITED = frozenset({"securityhub"})
_OWN = (None, None)


class Identity(NamedTuple):
    """As whom, and where: `role_arn` None is the operator's own identity; `region` is the default Region."""

    role_arn: str | None
    external_id: str | None
    region: str


class _Generation:
    """One session with its clients; a new one takes its place when AWS says that its credentials expired."""

    def __init__(self, session: AioSession) -> None:
        self.session = session
        self.clients: dict[tuple[str, str], Any] = {}
        self.exits = AsyncExitStack()
        self.since = monotonic()
        self.account_id: str | None = None


class Sessions:
    """All AWS sessions and clients of the process; an asynchronous context manager that closes them.

    Clients are made once for each identity, service and Region, and belong to this object: never close them.
    """

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._generations: dict[tuple[str | None, str | None], _Generation] = {}
        self._retired: dict[tuple[str | None, str | None], _Generation] = {}
        self._making = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Enter; nothing is read or opened before the first client is asked for."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every client's connections."""
        for generation in (*self._generations.values(), *self._retired.values()):
            await generation.exits.aclose()
        self._generations.clear()
        self._retired.clear()

    async def client(self, identity: Identity, service: str, region: str | None = None) -> Any:  # noqa: ANN401 - aiobotocore's clients have no types
        """Get the client of a service, as botocore names it, in the identity's Region or another one.

        Raises CredentialsUnavailable, RegionUnavailable. A role is assumed by the client's first call.
        """
        region = region or identity.region
        generation = self._generations.get(identity[:2])
        client = generation.clients.get((service, region)) if generation else None
        if client is not None:
            return client
        async with self._making:
            try:
                return await self._new_client(identity, service, region)
            except FAULTS as error:
                raise refusal(error, service=service, operation="CreateClient") from error

    async def account(self, identity: Identity) -> str:
        """Ask STS for the identity's account id (GetCallerIdentity, which needs no permission); cached.

        Raises AwsError: RoleNotAssumable, CredentialsUnavailable, CredentialsRefused, Retryable and the like.
        """
        generation = self._generations.get(identity[:2])
        if generation is not None and generation.account_id is not None:
            return generation.account_id
        client = await self.client(identity, "sts")
        generation = self._generations[identity[:2]]
        try:
            caller = await client.get_caller_identity()
        except (*FAULTS, RuntimeError) as error:
            if is_expired(error) and await self.renew(identity, client):
                return await self.account(identity)
            raise refusal(
                error,
                service="sts",
                operation="GetCallerIdentity",
                role_arn=identity.role_arn,
                external_id=identity.external_id,
            ) from error
        generation.account_id = str(caller["Account"])
        return generation.account_id

    async def renew(self, identity: Identity, stale: object) -> bool:
        """Replace a session whose credentials AWS calls expired, given the client that was told so.

        True: ask for the client again, and repeat the call. False: it was replaced moments ago and this did
        not help. The old session's clients stay open until the next replacement, as calls may be under way.
        """
        async with self._making:
            key = identity[:2]
            current = self._generations.get(key)
            if current is None or all(client is not stale for client in current.clients.values()):
                return True
            if key in self._retired and monotonic() - current.since < _RENEWAL_PAUSE:
                return False
            await self._retire(key)
            own = self._generations.get(_OWN)
            if own is not None and monotonic() - own.since >= _RENEWAL_PAUSE:
                # What the role is assumed with may have run out, and lie renewed in a file.
                await self._retire(_OWN)
            return True

    async def _retire(self, key: tuple[str | None, str | None]) -> None:
        before = self._retired.pop(key, None)
        if before is not None:
            await before.exits.aclose()
        self._retired[key] = self._generations.pop(key)

    async def _new_client(self, identity: Identity, service: str, region: str) -> Any:  # noqa: ANN401 - as above
        generation = await self._generation(identity)
        client = generation.clients.get((service, region))
        if client is None:
            if await generation.session.get_credentials() is None:
                # A client without credentials would stay one when they come.
                raise NoCredentialsError
            client = await generation.exits.enter_async_context(
                generation.session.create_client(service, region_name=region, config=_config(service))
            )
            generation.clients[service, region] = client
        return client

    async def _generation(self, identity: Identity) -> _Generation:
        key = identity[:2]
        generation = self._generations.get(key)
        if generation is None:
            if identity.role_arn is None:
                session = AioSession()
            else:
                own = await self._generation(Identity(None, None, identity.region))
                session = await _role_session(own.session, identity)
            watch(session, self._usage)
            generation = self._generations[key] = _Generation(session)
        return generation


async def _role_session(own: AioSession, identity: Identity) -> AioSession:
    """Make a session that assumes the role, out of what the operator's own session has loaded already."""
    session = AioSession()
    session.register_component("data_loader", own.get_component("data_loader"))
    # There is no public way to share what endpoints.json costs: 13 MB and 0.2 s a session.
    session._internal_components.register_component(  # noqa: SLF001 - see above
        "endpoint_resolver",
        own._get_internal_component("endpoint_resolver"),  # noqa: SLF001 - see above
    )
    source = await own.get_credentials()
    if source is None:
        raise NoCredentialsError
    arguments: dict[str, Any] = {"RoleSessionName": SESSION_NAME, "DurationSeconds": _ROLE_SECONDS}
    if identity.external_id:
        arguments["ExternalId"] = identity.external_id

    def sts(service: str, **credentials: str) -> Any:  # noqa: ANN401 - a client context of aiobotocore
        return own.create_client(service, region_name=identity.region, config=_config(service), **credentials)

    fetcher = AioAssumeRoleCredentialFetcher(
        client_creator=sts,
        source_credentials=source,
        role_arn=identity.role_arn,
        extra_args=arguments,
    )
    session.register_component(
        "credential_provider", AioCredentialResolver([_Role(fetcher.fetch_credentials)])
    )
    return session


class _Role:
    """A credential provider, as botocore's resolver wants it, of one role."""

    METHOD = "assume-role"
    CANONICAL_NAME = None

    def __init__(self, fetch: Callable[[], Any]) -> None:
        self._fetch = fetch

    async def load(self) -> AioDeferredRefreshableCredentials:
        return AioDeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)


def _config(service: str) -> AioConfig:
    attempts = 1 if service in _LIMITED else 4
    return AioConfig(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra=SESSION_NAME,
        warm_up_loader_caches=True,
        connector_args={"keepalive_timeout": _IDLE_SECONDS, "socket_factory": _socket},
    )


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Open a socket that notices when a NAT gateway has dropped its connection."""
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return opened
