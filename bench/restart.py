"""From the start of a process to its first exact score, with everything stored and nothing changed."""

from bench.life import LATENCY, life_at
from bench.row import Aim, Row


def measure(findings: int) -> list[Row]:
    """Look at the restart after a clean stop, with AWS's quotas and latency."""
    life = life_at(findings)
    conditions = f"{life.findings:,} findings, {LATENCY * 1000:.0f} ms a call"
    return [
        Row(
            measure="restart",
            what=f"Restart to the first exact score, {conditions}",
            unit="s",
            ours=life.restart.scored_at,
            aim=Aim("ours", "<=", 10),
        ),
        Row(
            measure="restart",
            what="Restart to the end of the first poll, re-list included",
            unit="s",
            ours=life.restart.polled_at,
        ),
    ]
