"""Resident memory of a hub of the largest size, above the same process before it knew a finding."""

from bench.life import life_at
from bench.row import Aim, Row


def measure(findings: int) -> list[Row]:
    """Look at the process that swept, polled and scored."""
    life = life_at(findings)
    swept = life.swept
    size = f"{life.findings:,} findings"
    return [
        Row(
            measure="memory",
            what=f"Resident memory with {size} above the idle process, at most",
            unit="MiB",
            ours=swept.peak - swept.idle,
            aim=Aim("ours", "<=", 150),
        ),
        Row(
            measure="memory",
            what="The same, after the sweep and the first score",
            unit="MiB",
            ours=swept.settled - swept.idle,
        ),
        Row(measure="memory", what=f"Store of {size} on disk", unit="MiB", ours=swept.store_mib),
        Row(
            measure="memory",
            what="Event-loop lag during sweep, poll and score, p99",
            unit="ms",
            ours=swept.lag_p99 * 1000,
            aim=Aim("ours", "<=", 50),
        ),
        Row(
            measure="memory",
            what="Event-loop lag during sweep, poll and score, the worst",
            unit="ms",
            ours=swept.lag_worst * 1000,
        ),
        Row(
            measure="memory",
            what="Of that, what the process itself can have caused, the worst",
            unit="ms",
            ours=swept.lag_own * 1000,
            aim=Aim("ours", "<=", 50),
        ),
    ]
