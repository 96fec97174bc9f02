"""Moments and durations: integer microseconds by UTC, and how people, Kubernetes and ASFF write them.

A moment is counted since the Unix epoch. ASFF's timestamps ("Timestamps" in the ASFF reference of the user
guide) are RFC 3339 with `Z`, or an offset written `+HH:MM`, `+HHMM` or `+HH`, and up to nine digits of a
second's fraction; what is finer than a microsecond is cut off.
"""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
"""In µs, the unit of every moment and duration that is an integer."""
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def instant_of(moment: datetime) -> int:
    """Return a moment, which must know its time zone, to the microsecond."""
    return (moment - _EPOCH) // _MICROSECOND


def datetime_of(instant: int) -> datetime:
    """Return a moment to the second, in UTC.

    One beyond the first or the last year that there is becomes the nearest that there is: an offset, or a
    duration that is added to what a user wrote, can put it there.
    """
    return (_EPOCH + min(max(instant, _FIRST), _LAST) * _MICROSECOND).replace(microsecond=0)


def text_of(instant: int) -> str:
    """Return a moment as `2027-03-31T00:00:00Z`."""
    return datetime_of(instant).isoformat().replace("+00:00", "Z")


def microseconds(duration: timedelta) -> int:
    """Return a duration in whole µs."""
    return duration // _MICROSECOND


def is_current(exact_at: int, now: int, interval: int) -> bool:
    """Whether a score that was exact at `exact_at` is not older than two intervals; all in microseconds."""
    return now - exact_at <= 2 * interval


def cutoff(now: int, window: int) -> int:
    """Return the moment since which a finding must have been updated to count; both in microseconds."""
    return now - window


_fromisoformat = datetime.fromisoformat
_DATE = 10


def parse_timestamp(text: str) -> int:
    """Read a timestamp as microseconds; ValueError where it is no instant (no time, no offset)."""
    if len(text) <= _DATE:
        raise ValueError(f"{text!r} has no time of day")
    moment = _fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    since = moment - _EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def rfc3339(instant: int) -> str:
    """Write microseconds as a UTC timestamp that date filters accept (`2026-11-20T00:00:00.000000Z`)."""
    moment = _EPOCH + timedelta(microseconds=instant)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
