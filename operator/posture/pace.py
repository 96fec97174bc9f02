"""How much time passes, by a clock that nobody sets, and when to try again.

Again: soon and not all at once after what passes, at the usual pace after what does not.
"""

import random
import sys
import time
from dataclasses import dataclass

# Linux's CLOCK_MONOTONIC, and with it `time.monotonic`, stands still while the machine sleeps.
_UNSET = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC
_DOUBLINGS = 20


def steady() -> float:
    """Return the seconds since some moment; on Linux they go on while the machine sleeps."""
    return time.clock_gettime(_UNSET)


class Lasting:
    """Of errors: trying again soon changes nothing, somebody has to do something first."""


@dataclass(slots=True)
class BackOff:
    """Counts failures in a row, and lets the pauses after them grow."""

    first: float = 2.0
    """Seconds, of the first pause at most."""
    longest: float = 300.0
    """Seconds."""
    failures: int = 0
    spread: float = 0.5
    """The part of each pause that chance decides, so that not all come back at once."""

    def succeeded(self) -> None:
        """Begin again with the first pause."""
        self.failures = 0

    def pause(self) -> float:
        """Return the seconds to wait after one more failure: what doubles, less what chance takes."""
        longest = min(self.longest, self.first * 2**self.failures)
        self.failures = min(self.failures + 1, _DOUBLINGS)
        return random.uniform(longest * (1 - self.spread), longest)  # noqa: S311 - spreads retries, keeps no secret

    def after(self, error: Exception, interval: float) -> float:
        """Return the seconds to wait after an error, never longer than `interval`, the usual pace."""
        if isinstance(error, Lasting):
            return interval
        return min(self.pause(), interval)
