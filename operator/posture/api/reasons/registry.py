"""The registry: every condition and event of every kind."""

from typing import get_args

from posture.api.reasons.meaning import AWS, STORE, KindTold, Meanings
from posture.api.reasons.policies import POLICY
from posture.api.reasons.rules import REMEDIATION, RULE
from posture.api.reasons.targets import NOT_CURRENT, TARGET
from posture.api.reasons.words import Named

KINDS_TOLD: tuple[KindTold, ...] = (TARGET, POLICY, RULE, REMEDIATION)
GROUPS: tuple[tuple[str, Meanings], ...] = (
    ("any reason of [`ScoreCurrent`](#posturetarget-scorecurrent)", NOT_CURRENT),
    ("any reason [of AWS](#reasons-of-aws)", AWS),
    ("any reason [of the store](#reasons-of-the-store)", STORE),
)
"""Reasons that are told in one place, and how others point there; larger groups first."""
NAMED: frozenset[str] = frozenset(get_args(Named))
SUMMARIES = frozenset({"Reconciling", "Stalled"})
"""Conditions that repeat the reason of another one of their object."""


def is_registered(kind: str, condition: str, status: str, reason: str) -> bool:
    """Whether objects of a kind may have a condition of this type, with this status and reason."""
    told = next((each for each in KINDS_TOLD if each.kind == kind), None)
    if told is None:
        return False
    if condition in SUMMARIES:
        return any(reason in reasons for each in told.conditions for reasons in each.by_status().values())
    return any(
        reason in each.by_status().get(status, {}) for each in told.conditions if each.type == condition
    )
