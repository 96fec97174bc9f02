"""Whether a policy's end is one that the operator's configuration lets it have."""

from datetime import timedelta

from posture.api.conditions import Trouble
from posture.domain.exceptions.policy import Expiring, is_too_long
from posture.domain.time import microseconds


def ends_too_late(policy: Expiring, now: int, longest: timedelta) -> Trouble | None:
    """Say what is wrong with a policy's end at a moment (µs); None: nothing. `longest`: as configured."""
    if not is_too_long(policy, now, microseconds(longest)):
        return None
    return Trouble(
        "ExpiresTooLate",
        "spec.expiresAt is further away than the operator's configuration allows (maxSuppressionAge:"
        f" {longest.total_seconds() / 3600:g}h): write an earlier time.",
    )
