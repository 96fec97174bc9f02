"""When writes are allowed: a cron schedule that opens a window, in a time zone.

The grammar is that of crontab(5), five fields and no extension of it. cronsim says when a schedule is due, so
what it refuses is refused here: ranges that fall, and days that none of the months has. The API server has to
see the same by a rule of its own, in CEL.
"""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field as CronField
from pydantic import AfterValidator, Field

from posture.api.durations import Duration
from posture.api.model import Spec
from posture.api.shapes import Shape
from posture.api.types import PositiveDuration

_DAYS = "SUN MON TUE WED THU FRI SAT"
_DECEMBER = 12
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"


def _field(value: str) -> str:
    """Make the pattern of one cron field: `*`, values and ranges, each with a step if need be, by commas."""
    entry = rf"(?:[*]|(?:{value})(?:-(?:{value}))?)(?:/[1-9][0-9]?)?"
    return rf"{entry}(?:,{entry})*"


def _names(names: str) -> str:
    # Letter by letter: what "without case" means beyond ASCII, the engines read differently.
    return "|".join("".join(f"[{letter}{letter.lower()}]" for letter in name) for name in names.split())


# crontab(5): minute, hour, day of month, month, day of week (0 and 7 are Sunday).
_FIELDS = (
    r"[0-5]?[0-9]",
    r"[01]?[0-9]|2[0-3]",
    r"0?[1-9]|[12][0-9]|3[01]",
    rf"0?[1-9]|1[0-2]|{_names(_MONTHS)}",
    rf"[0-7]|{_names(_DAYS)}",
)


def _in_numbers(names: str, first: int) -> str:
    return "".join(f".replace('{name}', '{number}')" for number, name in enumerate(names.split(), first))


def _only_in(*months: int) -> str:
    """Make the pattern of the entries of a field of months, as cronsim reads it, that name none but these."""
    entries = []
    for first in months:
        for last in (None, *range(first, _DECEMBER + 1)):
            entry = f"{first}" if last is None else f"{first}-{last}"
            steps = [n for n in range(1, _DECEMBER) if CronField.MONTH.parse(f"{entry}/{n}") <= {*months}]
            # A step of a year or more leads nowhere.
            stepped = f"/(?:{'|'.join([*map(str, steps), '1[2-9]', '[2-9][0-9]'])})"
            whole = "?" if CronField.MONTH.parse(entry) <= {*months} else ""
            entries.append(f"0?{entry.replace('-', '-0?')}(?:{stepped}){whole}")
    # Two entries without a comma between them are none of a schedule, which has its shape beside this.
    return f"(?:(?:{'|'.join(entries)}),?)+"


def _days(first: str) -> str:
    return f"(?:{first}(?:[-/][^, ]*)?,?)+"


# Names as their numbers, so that ranges of them can be compared.
_PLAIN = f"self.upperAscii(){_in_numbers(_DAYS, 0)}{_in_numbers(_MONTHS, 1)}"
_RISES = "findAll('[0-9]+-[0-9]+').all(range, range.split('-').map(value, int(value)).isSorted())"
# Where the day of the week begins with a star, both days must hold (Debian's cron), and days from the 30th or
# the 31st on do not come where no month has the first of them.
_NEVER = f"^[^ ]+ [^ ]+ (?:{_days('3[01]')} {_only_in(2)}|{_days('31')} {_only_in(2, 4, 6, 9, 11)}) [*]"


def is_due_some_day(schedule: str) -> bool:
    """Tell whether cronsim reads a schedule, and finds that it can be due."""
    try:
        CronSim(schedule, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError:
        return False
    return True


SCHEDULE = Shape(
    " ".join(map(_field, _FIELDS)),
    "write five cron fields (minute, hour, day of month, month, day of week) such as 0 9 * * 1-5; ranges"
    " rise, and one of the months has the day",
    128,
    also=f"[{_PLAIN}].all(plain, plain.{_RISES} && !plain.matches('{_NEVER}'))",
    check=is_due_some_day,
)
CronSchedule = Annotated[str, SCHEDULE]


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
