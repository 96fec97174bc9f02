"""moto server on loopback: the cloud for everything but Security Hub, with an STS that can refuse roles.

moto gives every role to everybody. `PUT /_control/refused-roles` with a JSON list of globs of ARNs says which
ones are refused from then on, as STS does where a trust policy does not name the caller.
"""

import io
import json
import sys
import uuid
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from http import HTTPStatus
from threading import Thread
from typing import IO, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.utilities import utils
from werkzeug.serving import make_server

from sandbox.securityhub.catalogue import PARTITIONS

REFUSED_ROLES = "/_control/refused-roles"
_FORM = "application/x-www-form-urlencoded"
_REFUSAL = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
    "<Code>AccessDenied</Code><Message>{message}</Message></Error><RequestId>{request}</RequestId>"
    "</ErrorResponse>"
)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class RoleGate:
    """A WSGI application before moto's."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind
        self._refused: tuple[str, ...] = ()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer what concerns refused roles; leave everything else to moto."""
        if environ["PATH_INFO"] == REFUSED_ROLES:
            self._refused = tuple(json.loads(_body(environ)))
            return _answer(start_response, HTTPStatus.OK, b"{}", "application/json")
        if environ["REQUEST_METHOD"] == "POST" and environ.get("CONTENT_TYPE", "").startswith(_FORM):
            form = parse_qs(_body(environ).decode())
            role = form.get("RoleArn", [""])[0]
            if form.get("Action") == ["AssumeRole"] and self._refuses(role):
                return _answer(start_response, HTTPStatus.FORBIDDEN, _refusal(role), "text/xml")
        return self._behind(environ, start_response)

    def _refuses(self, role: str) -> bool:
        return any(fnmatchcase(role, pattern) for pattern in self._refused)


def _body(environ: dict[str, Any]) -> bytes:
    """Read the body, and leave it to be read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _refusal(role: str) -> bytes:
    user = f"arn:{role.split(':')[1]}:iam::123456789012:user/sandbox"
    message = f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}"
    return _REFUSAL.format(message=escape(message), request=uuid.uuid4()).encode()


def _answer(start_response: StartResponse, status: HTTPStatus, body: bytes, kind: str) -> list[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]


def _know_partitions() -> None:
    """Teach moto the partitions that it does not know; before any service of it is loaded."""
    utils.PARTITION_NAMES.extend(sorted(set(PARTITIONS.values()) - set(utils.PARTITION_NAMES)))
    utils.REGION_PREFIX_TO_PARTITION.update(PARTITIONS)
    utils.ARN_PARTITION_REGEX = rf"^arn:({'|'.join(utils.PARTITION_NAMES)})"


def serve(stdin: IO[bytes]) -> None:
    """Serve on a free port until `stdin` ends. Prints `{"url": …}` when it listens."""
    _know_partitions()
    gate = RoleGate(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=MotoRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    stdin.read()
    server.shutdown()


if __name__ == "__main__":
    serve(sys.stdin.buffer)
