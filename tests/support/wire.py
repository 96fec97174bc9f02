"""A way to moto that sees each request, and fails as it is told."""

import json
from enum import Enum

from aiohttp import ClientSession, web

_XML_SERVICES = {"autoscaling", "cloudfront", "elasticloadbalancing", "iam", "rds", "redshift", "sns"}


class Fault(Enum):
    """How the wire answers instead of AWS, or spoils what AWS answers."""

    DENIED = "denied"
    THROTTLED = "throttled"
    BROKEN = "broken"
    HTML = "html"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    # AWS does it, and nobody hears of it.
    LOST = "lost"


class Wire:
    """A way to moto that sees each request. `requests`: a line for each, with its body."""

    def __init__(self, moto_url: str) -> None:
        self._moto_url = moto_url
        self._faults: list[tuple[str, Fault | str]] = []
        self.requests: list[str] = []
        self.url = ""

    def fail(self, marker: str, fault: Fault | str) -> None:
        """Fail requests whose line or body has `marker` from now on; `fault`: a code of AWS, or worse."""
        self._faults.append((marker, fault))

    def heal(self) -> None:
        """Fail no more."""
        self._faults.clear()

    def sent(self, marker: str) -> int:
        """Count the requests whose line or body has `marker`."""
        return sum(marker in request for request in self.requests)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        target = request.headers.get("X-Amz-Target", "")
        line = f"{request.method} {request.path_qs} {target} {body.decode(errors='replace')}"
        self.requests.append(line)
        fault = next((fault for marker, fault in self._faults if marker in line), None)
        if isinstance(fault, str):
            return _json_refusal(fault)
        if fault in {Fault.DENIED, Fault.THROTTLED}:
            return _refusal(request, denied=fault is Fault.DENIED)
        if fault is Fault.BROKEN:
            return web.Response(
                status=503, text="<html><body>try again</body></html>", content_type="text/html"
            )
        if fault is Fault.HTML:
            return web.Response(text="<html><body>please log in</body></html>", content_type="text/html")
        if fault is Fault.EMPTY:
            return web.Response(body=b"")
        status, headers, answered = await self._forward(request, body)
        if fault is Fault.LOST:
            assert request.transport is not None
            request.transport.close()
        if fault is Fault.TRUNCATED:
            answered = answered[: len(answered) // 2]
        return web.Response(status=status, headers=headers, body=answered)

    async def _forward(self, request: web.Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        kept = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {"host", "content-length", "transfer-encoding", "expect"}
        }
        async with (
            ClientSession(auto_decompress=False) as session,
            session.request(
                request.method, self._moto_url + request.path_qs, headers=kept, data=body
            ) as response,
        ):
            headers = {
                name: value
                for name, value in response.headers.items()
                if name.lower() not in {"content-length", "transfer-encoding", "connection", "server"}
            }
            return response.status, headers, await response.read()


def _refusal(request: web.Request, *, denied: bool) -> web.Response:
    """Refuse in the way of the service's protocol."""
    service = request.headers["Authorization"].split("/")[3]
    if service == "ec2":
        code = "UnauthorizedOperation" if denied else "RequestLimitExceeded"
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
        )
        return web.Response(status=403 if denied else 503, text=text, content_type="text/xml")
    if service == "s3":
        code, status = ("AccessDenied", 403) if denied else ("SlowDown", 503)
        text = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        return web.Response(status=status, text=text, content_type="application/xml")
    if service in _XML_SERVICES:
        code = "AccessDenied" if denied else "Throttling"
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return web.Response(status=403 if denied else 400, text=text, content_type="text/xml")
    return _json_refusal("AccessDeniedException" if denied else "ThrottlingException")


def _json_refusal(code: str) -> web.Response:
    text = json.dumps({"__type": code, "message": "no"})
    headers = {"x-amzn-errortype": code}
    return web.Response(status=400, text=text, headers=headers, content_type="application/x-amz-json-1.1")
