"""Clients that act as whoever the running call is made by: one client serves any number of identities.

A client of botocore is about a megabyte (its methods, its model's shapes, its hooks, its TLS context), and
tens of milliseconds of the event loop. Of all that only the credentials differ from one role to the next.
They are needed when a request is signed, so they are looked up then: in a context variable, of which each
task has its own.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

from aiobotocore.credentials import AioCredentials, AioRefreshableCredentials
from botocore.credentials import ReadOnlyCredentials

AnyCredentials: TypeAlias = AioCredentials | AioRefreshableCredentials

_acting: ContextVar[AnyCredentials] = ContextVar("acting")


class Actor:
    """An identity with its credentials. `since`, `used`: monotonic seconds of its making and its last use."""

    def __init__(self, credentials: AnyCredentials, *, since: float) -> None:
        self.credentials = credentials
        self.since = self.used = since
        self.account_id: str | None = None
        # AWS has taken a call that was signed with them.
        self.proven = False


class WhoeverActs(AioCredentials):  # type: ignore[misc]  # botocore has no types
    """The credentials that every client is made with: those of the call that is being signed."""

    def __init__(self) -> None:
        super().__init__("", "", method="acting")

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials of the running call; they are refreshed where they run out."""
        return await _acting.get().get_frozen_credentials()

    async def get_account_id(self) -> str | None:
        """Return the account that they name, where they do."""
        account_id: str | None = (await self.get_frozen_credentials()).account_id
        return account_id


class ActingCredentials:
    """A credential provider, as botocore's resolver wants it, of `WhoeverActs`."""

    METHOD = "acting"
    CANONICAL_NAME = None

    async def load(self) -> WhoeverActs:
        """Return the credentials, which hold none of their own."""
        return WhoeverActs()


class Client:
    """A client of botocore as one identity: its operations are coroutine functions of the same names."""

    __slots__ = ("_client", "actor")

    def __init__(self, client: Any, actor: Actor) -> None:  # noqa: ANN401 - aiobotocore's clients have no types
        self._client = client
        self.actor = actor

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        """Return an operation (`get_findings`) that is signed with this identity's credentials."""
        method = getattr(self._client, operation)

        async def call(**parameters: Any) -> Any:  # noqa: ANN401 - as botocore's model says
            before = _acting.set(self.actor.credentials)
            try:
                return await method(**parameters)
            finally:
                _acting.reset(before)

        return call
