"""An event of an outbox as Splunk takes it: one JSON object, of which a request has any number in a row."""

import json
from functools import lru_cache

from posture.domain.outbox import ChangeKind, EventKind, OutboxEvent
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
_CHANGES = {ChangeKind.NEW: "new", ChangeKind.CHANGED: "changed", ChangeKind.GONE: "gone"}


def enveloped(event: OutboxEvent, hub: str, index: str | None) -> bytes:
    """Return an event with what Splunk is to know of it; what it tells is in it byte for byte."""
    start, end = _around(event.kind, event.change, hub, index)
    # Not as a float: its digits would end before the microseconds.
    time = f'{{"time":{event.at // SECOND}.{event.at % SECOND:06}'
    more = f',"posture_changed_fields":{json.dumps(event.fields)}' if event.fields else ""
    return b"".join((time.encode(), start, _unicode(event.body), f'{end}"{event.id}"{more}}}}}'.encode()))


@lru_cache(256)
def _around(kind: EventKind, change: ChangeKind, hub: str, index: str | None) -> tuple[bytes, str]:
    """Return what stands before an event, but for its time, and after it, but for its id."""
    head = {"host": hub, "source": _SOURCE, "sourcetype": _TYPES[kind]}
    if index is not None:
        head["index"] = index
    fields = {"posture_change": _CHANGES[change], "hub": hub}
    start = f',{json.dumps(head)[1:-1]},"event":'
    return start.encode(), f',"fields":{json.dumps(fields)[:-1]},"posture_event_id":'


def _unicode(body: bytes) -> bytes:
    """Return a body as Unicode: fields that nobody here reads may hold stray bytes."""
    if body.isascii():
        return body
    return body.decode("utf-8", "replace").encode()


def event_batches(events: list[bytes]) -> list[list[bytes]]:
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
