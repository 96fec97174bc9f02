"""How old a published score may be."""


def is_current(exact_at: int, now: int, interval: int) -> bool:
    """Whether a score that was exact at `exact_at` is not older than two intervals; all in microseconds."""
    return now - exact_at <= 2 * interval


def cutoff(now: int, window: int) -> int:
    """Return the moment since which a finding must have been updated to count; both in microseconds."""
    return now - window
