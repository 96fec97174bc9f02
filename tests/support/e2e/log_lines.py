"""What the log of the operator promises: each line says for whom, and in which round, it was written."""

import json
from typing import Any

# Of the process: its start, its end, and the Lease that is held for no target.
_OF_NO_ROUND = (
    "Metrics and probes are served on ",
    "Stopping: releasing the Leases",
    "Stopped",
    "Not everything stopped within ",
    "Lease posture-operator",
)
# Rounds that are done for the process: listing what is declared, looking at rights, watching.
_OF_NO_TARGET = ("posture.supervisor", "posture.readiness", "posture.watch", "posture.kube.client")


def lines(log: str) -> list[dict[str, Any]]:
    """Return the lines of a log in JSON; of what else a process prints, such as its last words, none."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}")]


def unaddressed(log: str) -> list[dict[str, Any]]:
    """Return the lines of neither the process's own life nor a round and a target, or output, they name."""
    return [
        line
        for line in lines(log)
        if line["logger"].startswith("posture")
        and not line["message"].startswith(_OF_NO_ROUND)
        and not (
            "cycle" in line and ("target" in line or "output" in line or line["logger"] in _OF_NO_TARGET)
        )
    ]
