"""Whether a rule's window is open: as its schedule says in its time zone."""

from datetime import UTC
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from posture.api.schedule import Window
from posture.domain.remediation.rule import Opening
from posture.domain.time import datetime_of, instant_of, microseconds


def opening(window: Window, now: int) -> Opening:
    """Return until when a window is open, and when it opens next; `now` in µs.

    A moment at which it is due is one at which it is open.
    """
    moment = datetime_of(now).astimezone(ZoneInfo(window.time_zone))
    try:
        # Backwards it leaves out the minute that has just begun.
        latest = next(CronSim(window.schedule, moment.replace(second=59), reverse=True))
    except (StopIteration, CronSimError):
        open_until = None
    else:
        ends = instant_of(latest.astimezone(UTC)) + microseconds(window.duration)
        open_until = ends if now < ends else None
    try:
        opens_at = instant_of(next(CronSim(window.schedule, moment)).astimezone(UTC))
    except (StopIteration, CronSimError):
        opens_at = None
    return Opening(open_until, opens_at)
