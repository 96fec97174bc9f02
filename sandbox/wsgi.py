"""What WSGI applications before moto's share: reading a body that is read again, and answering at once."""

import io
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def body_of(environ: dict[str, Any]) -> bytes:
    """Read the body, and leave it to be read again."""
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    # A body in chunks has no length, and the server says that it ends by itself.
    everything = not length and environ.get("wsgi.input_terminated")
    body: bytes = stream.read() if everything else stream.read(int(length or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def answer(start_response: StartResponse, status: HTTPStatus, body: bytes, kind: str) -> list[bytes]:
    """Answer with a body of a content type."""
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
