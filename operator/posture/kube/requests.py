"""One request to the API server: answered with a JSON object within its time, or an error of ours."""

import logging
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
import msgspec

from posture.kube.connection import NoCluster, adopt_credentials, load_connection
from posture.kube.errors import Call, Retryable, Unauthorized, error_of
from posture.kube.resources import Object
from posture.kube.transport import ApiClient, ConfigException

logger = logging.getLogger(__name__)

REQUEST_WITHIN = 30.0
CONNECT_WITHIN = 5.0
JSON = "application/json"
_RELOAD_SPACING = 10.0


class _Request(NamedTuple):
    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    content_type: str
    within: float


class ApiRequests:
    """Requests with the credentials of one configuration. Errors are those of `posture.kube.errors`.

    `namespace`: the one that is meant where a person names none.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        within: float = REQUEST_WITHIN,
        context: str | None = None,
        namespace: str = "default",
    ) -> None:
        self.namespace = namespace
        self._api = api
        self._context = context
        self._within = within
        self._reloaded = float("-inf")

    async def request(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,  # noqa: ANN401 - any JSON
        content_type: str = JSON,
        within: float | None = None,
    ) -> Object:
        """Send one request and return the JSON object answered. `within`: seconds for all of it.

        Credentials that are refused are read again, at most every ten seconds, and the request is sent once
        more: a request that was not authenticated has changed nothing.
        """
        within = within or self._within
        ends = time.monotonic() + within
        request = _Request(method, path, list((query or {}).items()), body, content_type, within)
        try:
            return await self._send(call, request)
        except Unauthorized:
            left = ends - time.monotonic()
            if left <= 0 or not await self._reload():
                raise
        return await self._send(call, request._replace(within=left))

    async def _send(self, call: Call, request: _Request) -> Object:
        seconds = request.within
        try:
            # Not preloaded: the generated client logs whole bodies and trips over one that is not UTF-8.
            response = await self._api.call_api(
                request.path,
                request.method,
                query_params=request.query,
                header_params={"Accept": JSON, "Content-Type": request.content_type},
                body=request.body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=aiohttp.ClientTimeout(
                    total=seconds, sock_connect=min(CONNECT_WITHIN, seconds)
                ),
            )
            async with response:
                content = await response.read()
        except TimeoutError as error:
            raise Retryable(
                call, f"could not {call}: no answer within {seconds:g} s", reason="Timeout"
            ) from error
        except (aiohttp.ClientError, ConfigException, OSError, ValueError) as error:
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise Retryable(call, f"could not {call}: {said}", reason="Unreachable") from error
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise error_of(call, response.status, content, response.headers)
        return _object(call, content)

    async def _reload(self) -> bool:
        now = time.monotonic()
        if now - self._reloaded < _RELOAD_SPACING:
            return False
        self._reloaded = now
        try:
            renewed = (await load_connection(self._context)).configuration
        except NoCluster as error:
            logger.warning("The credentials for the API server could not be reloaded: %s", error)
            return False
        adopt_credentials(self._api.configuration, renewed)
        return True


def _object(call: Call, content: bytes) -> Object:
    try:
        answer = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise Retryable(
            call, f"could not {call}: the answer is no JSON ({error})", reason="Malformed"
        ) from error
    if not isinstance(answer, dict):
        raise Retryable(call, f"could not {call}: the answer is no object", reason="Malformed")
    return answer
