"""ASFF's timestamps as integer microseconds since the Unix epoch.

The user guide ("Timestamps" in the ASFF reference) allows RFC 3339 with `Z`, or an offset written `+HH:MM`,
`+HHMM` or `+HH`, and up to nine digits of a second's fraction. What is finer than a microsecond is cut off.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_A_DAY = 86_400
_MICRO = 1_000_000
_fromisoformat = datetime.fromisoformat
_DATE = 10


def microseconds(text: str) -> int:
    """Read a timestamp as microseconds; ValueError where it is no instant (no time, no offset)."""
    if len(text) <= _DATE:
        raise ValueError(f"{text!r} has no time of day")
    moment = _fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    since = moment - _EPOCH
    return (since.days * _SECONDS_A_DAY + since.seconds) * _MICRO + since.microseconds


def rfc3339(instant: int) -> str:
    """Write microseconds as a UTC timestamp that date filters accept (`2026-11-20T00:00:00.000000Z`)."""
    moment = _EPOCH + timedelta(microseconds=instant)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
