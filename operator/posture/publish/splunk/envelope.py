"""An event of an outbox as Splunk takes it: one JSON object, of which a request has any number in a row."""

import json

from posture.domain.outbox import Change, EventKind, OutboxEvent
from posture.domain.time import SECOND

MOST = 1_000_000
"""Bytes of a request before they are packed: Splunk Cloud takes 1 MB."""

_SOURCE = "posture-operator"
_TYPES = {
    EventKind.FINDING: "aws:securityhub:finding",
    EventKind.SCORE: "posture:score",
    EventKind.EXCEPTION: "posture:exception",
    EventKind.REMEDIATION: "posture:remediation",
}
_CHANGES = {Change.NEW: "new", Change.CHANGED: "changed", Change.GONE: "gone"}


def enveloped(event: OutboxEvent, hub: str, index: str | None) -> bytes:
    """Return an event with what Splunk is to know of it; what it tells is in it byte for byte."""
    head: dict[str, str] = {"host": hub, "source": _SOURCE, "sourcetype": _TYPES[event.kind]}
    if index is not None:
        head["index"] = index
    fields: dict[str, str | list[str]] = {
        "posture_event_id": event.id,
        "posture_change": _CHANGES[event.change],
        "hub": hub,
    }
    if event.fields:
        fields["posture_changed_fields"] = list(event.fields)
    # Not as a float: its digits would end before the microseconds.
    time = f"{event.at // SECOND}.{event.at % SECOND:06}"
    start = f'{{"time":{time},{json.dumps(head)[1:-1]},"event":'
    return b"".join((start.encode(), _unicode(event.body), b',"fields":', json.dumps(fields).encode(), b"}"))


def _unicode(body: bytes) -> bytes:
    """Return a body as Unicode: fields that nobody here reads may hold stray bytes."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace").encode()
    return body


def batches(events: list[bytes]) -> list[list[bytes]]:
    """Cut events, in their order, into requests of at most `MOST` bytes; a larger one is by itself."""
    cut: list[list[bytes]] = []
    length = 0
    for each in events:
        if not cut or length + len(each) > MOST:
            cut.append([])
            length = 0
        cut[-1].append(each)
        length += len(each)
    return cut
