"""The emulator on HTTP: Security Hub and Config for clients of AWS, and the control endpoint beside them."""

import asyncio
import contextlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import msgspec
from aiohttp import web

from sandbox.config.api import ConfigApi
from sandbox.securityhub.api import Api, SecurityHubApi
from sandbox.securityhub.calls import Request
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.control import Control
from sandbox.securityhub.emulator import Caller, Context, Emulator
from sandbox.securityhub.errors import ApiError, access_denied, expired_credentials, throttled
from sandbox.securityhub.events import deliver
from sandbox.securityhub.faults import Fault, first
from sandbox.securityhub.identity import Identities
from sandbox.securityhub.model import Match
from sandbox.securityhub.operations_findings import FindingsAnswer

_JSON = "application/json"
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_MAX_REQUEST = 64 * 1024 * 1024
_OUTRIGHT = ("throttle", "expired_credentials", "denied", "error")


_SECURITY_HUB = SecurityHubApi()
_APIS: Mapping[str, Api] = {api.name: api for api in (_SECURITY_HUB, ConfigApi())}


class _Asked(NamedTuple):
    """Which operation of which service."""

    api: Api
    match: Match


class SecurityHubServer:
    """The emulator listening on loopback: `async with SecurityHubServer() as hub: hub.url`.

    `port` 0 takes a free one. `sts_url`: moto, which knows the accounts of assumed roles.
    """

    def __init__(
        self,
        emulator: Emulator | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        sts_url: str | None = None,
    ) -> None:
        self.emulator = emulator or Emulator()
        self.identities = Identities(sts_url, services=tuple(_APIS))
        self.url = ""
        self._address = (host, port)
        self._runner: web.AppRunner | None = None
        self._delivery: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; `url` says where."""
        app = web.Application(client_max_size=_MAX_REQUEST)
        Control(self.emulator, self.identities).add_routes(app.router)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, *self._address, backlog=512)
        await site.start()
        self._delivery = asyncio.create_task(deliver(self.emulator.events))
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening and remove what is on disk."""
        if self._delivery is not None:
            self._delivery.cancel()
            await asyncio.gather(self._delivery, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.identities.close()
        self.emulator.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        api: Api = _SECURITY_HUB
        try:
            caller = await self.identities.caller(request.headers)
            api = _APIS[caller.service]
            match = api.route(request.method, request.rel_url.raw_path, request.headers)
        except ApiError as error:
            return self._error(api, error)
        name = match.operation.name
        faults = self.emulator.faults.firing(name, caller.account, caller.region)
        if first(faults, "unreachable"):
            return await self._break(request)
        allowed = self.emulator.quotas.take(caller.account, caller.region, name)
        pause = self.emulator.settings.latency_of(name) / 2
        await asyncio.sleep(pause)
        body = await request.read()
        context = Context(self.emulator, caller, name)
        response, record = self._answer(request, body, _Asked(api, match), context, faults, allowed=allowed)
        self.emulator.calls.record(
            record, response_bytes=len(_payload(response)), fault=bool(faults or context.taken)
        )
        slow = first(faults, "slow")
        await asyncio.sleep(pause + (slow.options.get("seconds", 1.0) if slow else 0))
        await self.emulator.faults.hold(name, caller.account, caller.region, record.parameters)
        return await self._send(request, response, faults, api.content_type)

    def _answer(
        self,
        request: web.Request,
        body: bytes,
        asked: _Asked,
        context: Context,
        faults: Sequence[Fault],
        *,
        allowed: bool,
    ) -> tuple[web.Response, Request]:
        caller, api = context.caller, asked.api
        parameters: dict[str, Any] = {}
        code, findings = None, 0
        try:
            self._refuse(asked, caller, faults, allowed=allowed)
            parameters = api.parse(asked.match, request.query, body)
            result = api.perform(context, parameters)
        except ApiError as error:
            response, code = self._error(api, error), api.said(error).code
        else:
            if isinstance(result, FindingsAnswer):
                response, findings = self._ok(result.body), result.findings
            else:
                response = self._ok(msgspec.json.encode(result), api.content_type)
        record = Request(
            at=self.emulator.clock.now(),
            account=caller.account,
            region=caller.region,
            access_key=caller.access_key,
            operation=context.operation,
            parameters=parameters,
            code=code,
            findings=findings,
        )
        return response, record

    @staticmethod
    def _refuse(asked: _Asked, caller: Caller, faults: Sequence[Fault], *, allowed: bool) -> None:
        """Raise what keeps the operation from being done at all."""
        if not allowed:
            raise throttled()
        fault = first(faults, *_OUTRIGHT)
        if fault is None:
            return
        if fault.kind == "throttle":
            raise throttled()
        if fault.kind == "expired_credentials":
            raise expired_credentials()
        if fault.kind == "denied":
            action = f"{asked.api.name}:{asked.match.operation.name}"
            who = f"arn:{partition_of(caller.region)}:iam::{caller.account}:role/sandbox"
            raise access_denied(f"User: {who} is not authorized to perform: {action}")
        options = fault.options
        code, message = (
            options.get("code", "InternalException"),
            options.get("message", "Internal server error"),
        )
        raise ApiError(code, message, options.get("status", 500))

    async def _send(
        self, request: web.Request, response: web.Response, faults: Sequence[Fault], kind: str
    ) -> web.StreamResponse:
        payload = _payload(response)
        if misdated := first(faults, "misdated"):
            faults = [fault for fault in faults if fault is not misdated]
            sent = await self._send(request, response, faults, kind)
            sent.headers["Date"] = self.emulator.clock.http_date(misdated.options.get("seconds", 3600))
            return sent
        if first(faults, "reset"):
            return await self._break(request, payload)
        if first(faults, "truncated"):
            return self._ok(payload[: len(payload) // 2], kind)
        if first(faults, "html"):
            return self._ok(_HTML, content_type="text/html")
        if first(faults, "empty"):
            return self._ok(b"", kind)
        return response

    async def _break(self, request: web.Request, payload: bytes | None = None) -> web.StreamResponse:
        """Close the connection: before any answer, or with half of this one sent."""
        response = web.StreamResponse(headers=self._headers())
        if payload is not None:
            response.content_type, response.content_length = _JSON, len(payload)
            await response.prepare(request)
            await response.write(payload[: len(payload) // 2])
        if request.transport is not None:
            request.transport.abort()
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
        return response

    def _headers(self) -> dict[str, str]:
        return {"Date": self.emulator.clock.http_date(), "x-amzn-RequestId": str(uuid.uuid4())}

    def _ok(self, body: bytes, content_type: str = _JSON) -> web.Response:
        return web.Response(body=body, content_type=content_type, headers=self._headers())

    def _error(self, api: Api, error: ApiError) -> web.Response:
        said = api.said(error)
        body, more = api.refusal(said)
        headers = {**self._headers(), **more}
        return web.Response(status=said.status, body=body, content_type=api.content_type, headers=headers)


def _payload(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""
