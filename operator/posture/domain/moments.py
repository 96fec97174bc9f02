"""Integer microseconds since the Unix epoch, as people, Kubernetes and Python write a moment."""

from datetime import UTC, datetime, timedelta

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
