"""Who calls: the account behind the access key, and the Region in the signature's scope.

Signatures are not verified. Accounts are those that moto gives the same credentials, so that a role assumed
there works here: an access key that is a 12-digit account id is that account; any other is looked up with
moto's GetCallerIdentity, once.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import aiohttp

from sandbox.securityhub.emulator import Caller
from sandbox.securityhub.errors import ApiError, expired_credentials

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
DEFAULT_ACCOUNT = "123456789012"
"""The account of credentials that nobody knows: the same as moto's."""


class Identities:
    """Knows the account of every access key. `sts_url`: where moto is; None: keys have to be registered."""

    def __init__(
        self,
        sts_url: str | None = None,
        default_account: str = DEFAULT_ACCOUNT,
        services: Sequence[str] = ("securityhub",),
    ) -> None:
        self._services = services
        self._sts_url = sts_url
        self._default_account = default_account
        self._accounts: dict[str, str] = {}
        self._expired: set[str] = set()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections to moto."""
        if self._session is not None:
            await self._session.close()

    def register(self, access_key: str, account: str) -> None:
        """Say whose an access key is."""
        self._accounts[access_key] = account

    def expire(self, access_key: str | None = None) -> list[str]:
        """Let one access key expire, or all that were seen so far; return them."""
        expired = [access_key] if access_key else list(self._accounts)
        self._expired.update(expired)
        return expired

    def restore(self) -> None:
        """Let every expired access key work again."""
        self._expired.clear()

    def forget(self) -> None:
        """Forget every account, and let every access key work again."""
        self._accounts.clear()
        self._expired.clear()

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        """Return who sent a request with these headers.

        Raises ApiError without a signature, with one for another service, or with expired credentials.
        """
        found = _CREDENTIAL.search(headers.get("Authorization", ""))
        if found is None:
            message = "Missing Authentication Token"
            raise ApiError("MissingAuthenticationTokenException", message, HTTPStatus.FORBIDDEN)
        if found["service"] not in self._services:
            correct = " or ".join(map(repr, self._services))
            message = f"Credential should be scoped to correct service: {correct}, not {found['service']!r}"
            raise ApiError("InvalidSignatureException", message, HTTPStatus.FORBIDDEN)
        key = found["key"]
        if key in self._expired:
            raise expired_credentials()
        account = await self._account_of(key, found["region"])
        return Caller(account, found["region"], key, found["service"])

    async def _account_of(self, access_key: str, region: str) -> str:
        if _ACCOUNT_ID.fullmatch(access_key):
            self._accounts[access_key] = access_key
        elif access_key not in self._accounts:
            self._accounts[access_key] = await self._ask_sts(access_key, region)
        return self._accounts[access_key]

    async def _ask_sts(self, access_key: str, region: str) -> str:
        if self._sts_url is None:
            return self._default_account
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        scope = f"Credential={access_key}/20260101/{region}/sts/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"}
        form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
        try:
            async with self._session.post(self._sts_url, data=form, headers=headers) as answer:
                answer.raise_for_status()
                document = ET.fromstring(await answer.text())  # noqa: S314 - it comes from our own moto
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"STS at {self._sts_url} does not answer: {error}"
            raise ApiError("InternalException", message, HTTPStatus.INTERNAL_SERVER_ERROR) from error
        account = document.find(".//{*}Account")
        if account is None or not account.text:
            raise ApiError(
                "InternalException", "STS did not name the account", HTTPStatus.INTERNAL_SERVER_ERROR
            )
        return account.text
