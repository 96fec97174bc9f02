"""What an HTTP Event Collector answers: tokens, indexes, channels, acknowledgements, limits, error codes.

By Splunk's documentation ("Format events for HTTP Event Collector", "HTTP Event Collector indexer
acknowledgment", "Possible error codes"). A request is taken event by event: where one is refused, those
before it are in, and `invalid-event-number` is how many these are.
"""

import gzip
import json
import threading
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

_EVENT, _ACK = "/services/collector/event", "/services/collector/ack"
_TEXTS: Mapping[int, tuple[int, str]] = {
    0: (200, "Success"),
    1: (403, "Token disabled"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    7: (400, "Incorrect index"),
    8: (500, "Internal server error"),
    9: (503, "Server is busy"),
    10: (400, "Data channel is missing"),
    11: (400, "Invalid data channel"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"),
    15: (400, "Error in handling indexed fields"),
    16: (400, "Query string authorization is not enabled"),
    17: (200, "HEC is healthy"),
    18: (503, "HEC is unhealthy, queues are full"),
    19: (503, "HEC is unhealthy, ack service unavailable"),
    20: (503, "HEC is unhealthy, queues are full, ack service unavailable"),
    21: (400, "Invalid token"),
    22: (400, "Token disabled"),
    23: (503, "Server is shutting down"),
    24: (200, "Queue approaching capacity"),
    25: (200, "Ack channel approaching capacity"),
    26: (429, "Queue at capacity"),
    27: (429, "Ack channel at capacity"),
}
_TAKES = (0, 24, 25)


@dataclass
class Token:
    """A token of the collector. `indexes`: that it may write to, its own first."""

    indexes: tuple[str, ...] = ("main",)
    acknowledge: bool = False
    disabled: bool = False


class Request(NamedTuple):
    """What was asked: the path with its query, headers by lower-cased name, the body as it was sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What is answered; status 0: nothing, the connection breaks."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


Fault = Callable[[Request], Answer | None]
"""Answers a request in the collector's place; None: it answers itself."""


def code(number: int, **more: object) -> Answer:
    """Return the answer with a code of Splunk's table."""
    status, text = _TEXTS[number]
    return Answer(status, json.dumps({"text": text, "code": number, **more}).encode())


def broken() -> Answer:
    """Return no answer: the connection breaks."""
    return Answer(0, b"")


@dataclass
class Collector:
    """The collector. `refuses`: events that it cannot read. `most`: bytes of a request, once unpacked.

    `faults` are used up one by one, by requests to `/event` first come; `ack_faults` by those to `/ack`.
    `events` are all that it took, in order, repeats too.
    """

    tokens: dict[str, Token]
    most: int = 1_000_000
    refuses: Callable[[Mapping[str, Any]], bool] = lambda _: False
    indexed: bool = True
    """Whether what was taken is indexed, so that it is acknowledged."""
    events: list[dict[str, Any]] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    ack_faults: deque[Fault] = field(default_factory=deque)
    sizes: list[int] = field(default_factory=list)
    """Of each request that was taken, unpacked."""
    _acks: dict[str, dict[int, bool]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        path = urlsplit(request.path).path
        with self._lock:
            faults = self.ack_faults if path == _ACK else self.faults
            if faults:
                found = faults.popleft()(request)
                if found is not None:
                    return found
            if path not in {_EVENT, _ACK, "/services/collector"}:
                return Answer(HTTPStatus.NOT_FOUND, b"<html>404 Not Found</html>")
            return self._admitted(request, path)

    def take(self, request: Request) -> Answer:
        """Take a request as it would be without faults: for those that answer it otherwise."""
        return self._admitted(request, urlsplit(request.path).path)

    def _admitted(self, request: Request, path: str) -> Answer:
        authorization = request.headers.get("authorization", "")
        if not authorization:
            return code(16) if "token=" in request.path else code(2)
        scheme, _, name = authorization.partition(" ")
        if scheme != "Splunk" or not name or name != name.strip():
            return code(3)
        token = self.tokens.get(name)
        if token is None:
            return code(4)
        if token.disabled:
            return code(1)
        if path == _ACK:
            return self._acknowledge(request, token)
        channel = request.headers.get("x-splunk-request-channel", "")
        if token.acknowledge and not channel:
            return code(10)
        if channel and not _is_guid(channel):
            return code(11)
        return self._taken(request, token, channel)

    def _taken(self, request: Request, token: Token, channel: str) -> Answer:
        try:
            body = request.body
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            text = body.decode()
        except (OSError, EOFError, UnicodeDecodeError, zlib.error):
            return code(6, **{"invalid-event-number": 0})
        if len(body) > self.most:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"Content-Length too large")
        if not text.strip():
            return code(5)
        decoder, place, taken = json.JSONDecoder(), 0, 0
        while place < len(text):
            try:
                event, place = decoder.raw_decode(text, place)
            except ValueError:
                return code(6, **{"invalid-event-number": taken})
            refused = self._refusal(event, token)
            if refused is not None:
                return code(refused, **{"invalid-event-number": taken})
            self.events.append(event)
            taken += 1
            while place < len(text) and text[place].isspace():
                place += 1
        self.sizes.append(len(body))
        if not token.acknowledge:
            return code(0)
        acks = self._acks.setdefault(channel, {})
        number = len(acks)
        acks[number] = True
        return code(0, ackId=number)

    def _refusal(self, event: object, token: Token) -> int | None:
        if not isinstance(event, dict) or self.refuses(event):
            return 6
        if not isinstance(event.get("time", 0.0), int | float):
            return 6
        if "event" not in event:
            return 12
        if event["event"] in ("", None):
            return 13
        if event.get("index", token.indexes[0]) not in token.indexes:
            return 7
        fields = event.get("fields", {})
        flat = isinstance(fields, dict) and all(
            isinstance(value, str)
            or (isinstance(value, list) and all(isinstance(each, str) for each in value))
            for value in fields.values()
        )
        return None if flat else 15

    def _acknowledge(self, request: Request, token: Token) -> Answer:
        if not token.acknowledge:
            return code(14)
        channel = parse_qs(urlsplit(request.path).query).get("channel", [""])[0]
        if not channel:
            return code(10)
        if not _is_guid(channel):
            return code(11)
        acks = self._acks.get(channel, {})
        asked = json.loads(request.body)["acks"]
        # Each is told once, and forgotten then.
        told = {str(number): self.indexed and acks.get(number, False) for number in asked}
        for number, is_indexed in told.items():
            if is_indexed:
                acks[int(number)] = False
        return Answer(HTTPStatus.OK, json.dumps({"acks": told}).encode())

    @property
    def ids(self) -> list[str]:
        """The ids of all events that were taken, in order, repeats too."""
        return [each["fields"]["posture_event_id"] for each in self.events]


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
