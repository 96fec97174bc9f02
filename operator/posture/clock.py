"""A clock that nobody sets and that never stands still, for whatever measures how much time passes."""

import sys
import time

# Linux's CLOCK_MONOTONIC, and with it `time.monotonic`, stands still while the machine sleeps.
_UNSET = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC


def steady() -> float:
    """Return the seconds since some moment; on Linux they go on while the machine sleeps."""
    return time.clock_gettime(_UNSET)
