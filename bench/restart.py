"""From the start of a process to its first exact score, with everything stored and nothing changed."""

from bench.life import LATENCY, life_at
from bench.row import Aim, Row


def measure(findings: int) -> list[Row]:
    """Look at the restart after a clean stop, with AWS's quotas and latency."""
    life = life_at(findings)
    with_what = f"{life.findings:,} findings, {LATENCY * 1000:.0f} ms a call"
    return [
        Row(
            measure="restart",
            what=f"Restart to the first exact score, {with_what}",
            unit="s",
            ours=life.restart,
            aim=Aim("ours", "<=", 10),
        )
    ]
