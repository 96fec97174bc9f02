"""NextTokens: opaque, bound to the query and to the caller's hub, and good for a limited time."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from sandbox.securityhub.clock import MICROSECONDS, Clock
from sandbox.securityhub.errors import ApiError, invalid_input

_SIGNATURE_SIZE = 16


class _Content(msgspec.Struct, array_like=True):
    query: str
    issued: int
    position: list[Any]


class Tokens:
    """Makes NextTokens and reads them back. `lifetime`: seconds, by the emulator's clock."""

    def __init__(self, clock: Clock, lifetime: float = 24 * 3600.0) -> None:
        self.lifetime = lifetime
        self.are_offsets = False
        """Pages are counted off from the first finding at each call: what changes meanwhile moves them."""
        self._clock = clock
        self._secret = secrets.token_bytes(16)

    def expire_all(self) -> None:
        """Make every token issued so far invalid."""
        self._secret = secrets.token_bytes(16)

    def issue(self, query: object, position: Sequence[Any]) -> str:
        """Return a token for going on behind a position of this query (any plain data)."""
        content = msgspec.json.encode(_Content(digest(query), self._clock.now(), list(position)))
        return base64.urlsafe_b64encode(self._signature(content) + content).decode()

    def read(self, token: str, query: object) -> list[Any]:
        """Return the position in a token.

        Raises ApiError `InvalidInputException` where the token is none, too old, or of another query.
        """
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
            signature, encoded = raw[:_SIGNATURE_SIZE], raw[_SIGNATURE_SIZE:]
            if not hmac.compare_digest(signature, self._signature(encoded)):
                raise invalid_token()
            content = msgspec.json.decode(encoded, type=_Content)
        except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
            raise invalid_token() from error
        if self._clock.now() - content.issued > self.lifetime * MICROSECONDS:
            raise invalid_token()
        if content.query != digest(query):
            raise invalid_input("Invalid parameter 'NextToken'. Input Query has changed")
        return content.position

    def _signature(self, content: bytes) -> bytes:
        return hmac.new(self._secret, content, hashlib.sha256).digest()[:_SIGNATURE_SIZE]


def invalid_token() -> ApiError:
    """Return the refusal of a token that is unknown or has expired."""
    return invalid_input("Invalid parameter 'NextToken'. The token is invalid or has expired")


def digest(query: object) -> str:
    """Return a short name for plain data, equal for equal data whatever the order of keys."""
    encoded = msgspec.json.encode(query, order="sorted")
    return hashlib.sha256(encoded).hexdigest()[:24]
