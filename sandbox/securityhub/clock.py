"""The emulator's clock: real time, shifted, or frozen. Times are integer microseconds since the epoch."""

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})", re.ASCII)


def parse_timestamp(text: object) -> int | None:
    """Return the instant an ASFF timestamp names, in microseconds, or None where it is none.

    ASFF wants RFC 3339 date-times with a zone; digits beyond microseconds are cut.
    """
    if not isinstance(text, str) or _TIMESTAMP.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1)


def format_timestamp(microseconds: int) -> str:
    """Return the instant as Security Hub writes it: UTC with milliseconds and a Z."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock:
    """Real time plus a shift, or standing still. `monotonic` is the machine's, whatever this clock shows."""

    def __init__(self) -> None:
        self._shift = 0
        self._frozen: int | None = None

    def now(self) -> int:
        """Return the emulated time in microseconds."""
        if self._frozen is not None:
            return self._frozen
        return time.time_ns() // 1000 + self._shift

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        step = round(seconds * MICROSECONDS)
        if self._frozen is not None:
            self._frozen += step
        else:
            self._shift += step

    def set(self, microseconds: int) -> None:
        """Show this time from now on, going on (or standing) as before."""
        if self._frozen is not None:
            self._frozen = microseconds
        else:
            self._shift = microseconds - time.time_ns() // 1000

    def freeze(self, *, frozen: bool = True) -> None:
        """Stand still at the present reading, or go on from it."""
        reading = self.now()
        self._frozen = reading if frozen else None
        if not frozen:
            self.set(reading)

    def use_real_time(self) -> None:
        """Go back to the machine's time."""
        self._shift = 0
        self._frozen = None

    def http_date(self, off: int = 0) -> str:
        """Return the time for the `Date` header, cut to the second as HTTP has it; `off`: seconds wrong."""
        return formatdate(self.now() // MICROSECONDS + off, usegmt=True)

    def timestamp(self) -> str:
        """Return the time as ASFF writes it."""
        return format_timestamp(self.now())
