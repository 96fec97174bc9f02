"""What a poll costs: calls for what changed, beside the calls of a sweep; the re-lists counted apart."""

from bench.life import life_at
from bench.row import Aim, Row


def measure(findings: int) -> list[Row]:
    """Look at the poll of a hub of this size of which 1 % was updated since the last one."""
    life = life_at(findings)
    share = life.share
    return [
        Row(
            measure="poll",
            what=f"Calls of a poll with {share.changed:,} of {life.findings:,} findings changed",
            unit="calls",
            ours=share.calls,
            beside=life.swept.calls,
            beside_is="the sweep",
            aim=Aim("ratio", "<=", 1 / 50),
        ),
        Row(
            measure="poll",
            what="Calls of its re-list of the exceptional set",
            unit="calls",
            ours=share.relist_calls,
            beside=life.swept.calls,
            beside_is="the sweep",
        ),
        Row(
            measure="poll",
            what="CPU of that poll and the score after it",
            unit="s",
            ours=share.cpu,
            beside=life.swept.cpu,
            beside_is="the sweep",
        ),
    ]
