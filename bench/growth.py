"""How cost grows with the organization: the same life at a hundredth, a tenth and the whole of the size."""

from collections.abc import Callable

from bench.life import Life, life_at
from bench.row import Row

_PARTS = (100, 10, 1)
_LOOKS: tuple[tuple[str, str, Callable[[Life], float]], ...] = (
    ("CPU a finding of a sweep", "µs", lambda life: life.swept.cpu / life.findings * 1e6),
    ("sweep, the hub answering at once", "s", lambda life: life.swept.seconds),
    ("CPU of a poll and the score after it, 1 % changed", "s", lambda life: life.share.cpu),
    ("CPU of a poll and the score after it, 100 changed", "s", lambda life: life.few.cpu),
    ("calls for 100 changed findings", "calls", lambda life: life.few.calls),
    ("resident memory above idle, at most", "MiB", lambda life: life.swept.peak - life.swept.idle),
    ("store on disk", "MiB", lambda life: life.swept.store_mib),
    ("event-loop lag, p99", "ms", lambda life: life.swept.lag_p99 * 1000),
    ("restart to the first exact score", "s", lambda life: life.restart.scored_at),
)


def measure(findings: int) -> list[Row]:
    """Compare the whole with a hundredth; `samples` has all three sizes, the smallest first."""
    lives = [life_at(max(1, findings // part)) for part in _PARTS]
    smallest, largest = lives[0], lives[-1]
    return [
        Row(
            measure="growth",
            what=f"At {largest.findings:,} findings: {what}",
            unit=unit,
            ours=look(largest),
            beside=look(smallest),
            beside_is=f"{smallest.findings:,} findings",
            samples=tuple(map(look, lives)),
        )
        for what, unit, look in _LOOKS
    ]
