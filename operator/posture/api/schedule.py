"""When writes are allowed: a cron schedule that opens a window, in a time zone."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.shapes import Shape
from posture.api.types import PositiveDuration


def _field(value: str) -> str:
    """Make the pattern of one cron field: `*`, values and ranges, each with a step if need be, by commas."""
    entry = rf"(?:[*]|(?:{value})(?:-(?:{value}))?)(?:/[1-9][0-9]?)?"
    return rf"{entry}(?:,{entry})*"


# crontab(5): minute, hour, day of month, month, day of week (0 and 7 are Sunday).
_FIELDS = (
    r"[0-5]?[0-9]",
    r"[01]?[0-9]|2[0-3]",
    r"0?[1-9]|[12][0-9]|3[01]",
    r"0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC",
    r"[0-7]|SUN|MON|TUE|WED|THU|FRI|SAT",
)
CronSchedule = Annotated[
    str,
    Shape(
        " ".join(map(_field, _FIELDS)),
        "write five cron fields (minute, hour, day of month, month, day of week) such as 0 9 * * 1-5",
        128,
    ),
]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a known time zone: write one such as Europe/Amsterdam") from None
    return name


TimeZone = Annotated[
    str,
    Shape(
        r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}",
        "write a time zone such as UTC or Europe/Amsterdam",
        64,
    ),
    AfterValidator(_known_zone),
]


class Window(Spec):
    """When writes are allowed."""

    schedule: CronSchedule = Field(
        description="When the window opens: five cron fields such as `0 9 * * 1-5`."
    )
    duration: PositiveDuration = Field(Duration("8h"), description="How long it stays open.")
    time_zone: TimeZone = Field("UTC", description="Time zone of the schedule, such as `Europe/Amsterdam`.")
