"""What Splunk's HTTP Event Collector answers, and what is to be done about each.

The codes are those of Splunk's documentation, "Possible error codes" of the HTTP Event Collector. An answer
that is no such JSON is somebody else's, a proxy's or a load balancer's, and no proof that anything arrived.
"""

from typing import NamedTuple

import msgspec

from posture.api.reasons.words import ReasonWord
from posture.publish.outbox import EventRefused
from posture.publish.sending import ItemsRefused, Undelivered

_SLOW_DOWN = 5.0


class _Answer(msgspec.Struct):
    code: int
    ack_id: int | None = msgspec.field(default=None, name="ackId")
    event: int | None = msgspec.field(default=None, name="invalid-event-number")


class _Acks(msgspec.Struct):
    acks: dict[str, bool]


class Receipt(NamedTuple):
    """That a batch was taken. `pause`: seconds that Splunk asks to be left alone."""

    ack_id: int | None
    pause: float = 0.0


class _Verdict(NamedTuple):
    reason: ReasonWord
    message: str
    lasting: bool = True


_TOKEN = "have the token of tokenFile checked in Splunk (Settings, Data inputs, HTTP Event Collector)"  # noqa: S105 - advice
_CHANNEL = "it is sent with every request: look for a proxy that takes X-Splunk-Request-Channel away"
_VERDICTS = {
    1: _Verdict("TokenDisabled", f"Splunk says that the token is disabled: {_TOKEN}"),
    2: _Verdict("TokenRequired", "Splunk received no token: look for a proxy that takes Authorization away"),
    3: _Verdict("InvalidAuthorization", f"Splunk does not understand the authorization: {_TOKEN}"),
    4: _Verdict("InvalidToken", f"Splunk does not know the token: {_TOKEN}, or wait while it is replicated"),
    7: _Verdict(
        "IncorrectIndex", "Splunk refuses the index: correct index of the output, or allow it to the token"
    ),
    8: _Verdict("SplunkError", "Splunk had an internal error", lasting=False),
    9: _Verdict("SplunkBusy", "Splunk is busy", lasting=False),
    10: _Verdict("ChannelMissing", f"Splunk received no channel: {_CHANNEL}"),
    11: _Verdict("InvalidChannel", f"Splunk refuses the channel: {_CHANNEL}"),
    14: _Verdict(
        "AckDisabled", "The token has no indexer acknowledgement: turn it on there, or acknowledge off here"
    ),
    16: _Verdict("InvalidAuthorization", f"Splunk looks for the token in the query: {_TOKEN}"),
    18: _Verdict("SplunkBusy", "Splunk's queues are full", lasting=False),
    19: _Verdict("SplunkBusy", "Splunk's acknowledgement is not available", lasting=False),
    20: _Verdict(
        "SplunkBusy", "Splunk's queues are full, and acknowledgement is not available", lasting=False
    ),
    21: _Verdict("InvalidToken", f"Splunk does not know the token: {_TOKEN}"),
    22: _Verdict("TokenDisabled", f"Splunk says that the token is disabled: {_TOKEN}"),
    23: _Verdict("SplunkBusy", "Splunk is shutting down", lasting=False),
    26: _Verdict("SplunkBusy", "Splunk's queue is at capacity", lasting=False),
    27: _Verdict("SplunkBusy", "Splunk's acknowledgement channel is at capacity", lasting=False),
}
_SUCCESS, _NO_DATA, _SLOW = 0, 5, (24, 25)
_REFUSED = {
    6: "its format is invalid",
    12: "its event is missing",
    13: "its event is blank",
    15: "its indexed fields cannot be handled",
}
_TOO_LARGE = 413
_OK, _REDIRECT, _CLIENT, _SERVER = 200, 300, 400, 500
_UNAUTHORIZED, _NOT_FOUND, _TIMEOUT, _TOO_MANY = (401, 403), (404, 405), 408, 429


def receipt_of(status: int, body: bytes, *, acknowledged: bool) -> Receipt:
    """Return the receipt for a batch; raise Undelivered where there is none.

    `acknowledged`: an id to ask for the acknowledgement with is needed.
    """
    if status == _TOO_LARGE:
        raise ItemsRefused("InvalidRequest", "Splunk takes no request of that size (HTTP 413)")
    answer = _decoded(body)
    if answer is None or _REDIRECT <= status < _CLIENT:
        raise _foreign(status)
    if status == _OK and answer.code in (_SUCCESS, *_SLOW):
        if acknowledged and answer.ack_id is None:
            verdict = _VERDICTS[14]
            raise Undelivered(verdict.reason, verdict.message, lasting=True)
        return Receipt(answer.ack_id, _SLOW_DOWN if answer.code in _SLOW else 0.0)
    raise _refusal(status, answer, acknowledged=acknowledged)


def acknowledged_of(status: int, body: bytes) -> frozenset[int]:
    """Return the ids that are acknowledged, by the answer to a question for some; raise Undelivered."""
    if status == _OK:
        try:
            acks = msgspec.json.decode(body, type=_Acks).acks
            return frozenset(int(number) for number, is_indexed in acks.items() if is_indexed)
        except (msgspec.DecodeError, ValueError, RecursionError):
            # An error comes with HTTP 200, too, where a proxy makes it so.
            pass
    answer = _decoded(body)
    if answer is None or _REDIRECT <= status < _CLIENT:
        raise _foreign(status)
    raise _refusal(status, answer, acknowledged=True)


def _decoded(body: bytes) -> _Answer | None:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, RecursionError):
        return None


def _refusal(status: int, answer: _Answer, *, acknowledged: bool) -> Undelivered:
    code = answer.code
    if code in _REFUSED:
        message = f"Splunk refuses an event: {_REFUSED[code]} (code {code})"
        if answer.event is None or answer.event < 0:
            return ItemsRefused("InvalidRequest", message)
        # Those before are in, but nothing tells when they are indexed: they are sent again for that.
        return EventRefused("InvalidRequest", message, answer.event, before=not acknowledged)
    verdict = _VERDICTS.get(code)
    if verdict is not None:
        return Undelivered(verdict.reason, f"{verdict.message} (code {code})", lasting=verdict.lasting)
    if code == _NO_DATA:
        return Undelivered("SplunkError", "Splunk found nothing in the request (code 5): look for a proxy")
    return Undelivered("SplunkError", f"Splunk answered HTTP {status} with the unknown code {code}")


def _foreign(status: int) -> Undelivered:
    """Return what an answer means that is not the collector's own."""
    if _REDIRECT <= status < _CLIENT:
        where = "correct url of the output: it is not followed, so that the token goes nowhere else"
        return Undelivered("Redirected", f"The collector redirects (HTTP {status}): {where}", lasting=True)
    if status in _UNAUTHORIZED:
        return Undelivered(
            "NotSplunk", f"HTTP {status} from something before Splunk: check url and proxies", lasting=True
        )
    if status in _NOT_FOUND:
        return Undelivered(
            "NotACollector", f"HTTP {status}: there is no HTTP Event Collector at url", lasting=True
        )
    if status in (_TIMEOUT, _TOO_MANY) or status >= _SERVER:
        return Undelivered("SplunkUnavailable", f"Splunk is not available (HTTP {status})")
    return Undelivered("NotSplunk", f"HTTP {status} without Splunk's answer: check url, and what is between")
