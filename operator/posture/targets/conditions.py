"""What a target's conditions say, from what is known of its hub and its score."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from posture.api.conditions import (
    READY,
    RECONCILING,
    STALLED,
    Condition,
    ConditionStatus,
    Trouble,
    set_condition,
)
from posture.api.reasons.words import ConditionType, ReasonWord
from posture.api.targets.status import SCORE_CURRENT
from posture.domain.time import instant_of, is_current, microseconds
from posture.targets.rules import no_score, pack_not_found


class TargetSituation(NamedTuple):
    """What the conditions of an admitted target follow from.

    `connected`: Security Hub has answered. `trouble`: of the hub's last attempt. `exact_at`: microseconds,
    None before the first complete sweep. `missing`: chosen standards that are enabled nowhere, `enabled`:
    those that the hub has. `scored`: whether there is a headline. `refreshed_every`: the interval.
    `withheld`: why a poll that went well has published nothing. `notes`: what is denied to the reader, and
    what else should be known of the hub; `unseen`: what a poll may not have seen. `restored`: the score
    is what the status tells of an earlier holder, which nobody here has found out.
    """

    suspended: bool
    connected: bool
    trouble: Trouble | None
    exact_at: int | None
    progress_percent: int
    suspicious: str | None
    missing: tuple[str, ...]
    enabled: tuple[str, ...]
    scored: bool
    reporting: int
    rejected: str | None
    refreshed_every: timedelta
    withheld: str | None = None
    notes: tuple[str, ...] = ()
    unseen: str | None = None
    restored: bool = False
    gap: Trouble | None = None
    """What the hub does not know that the score would rest on, and what to do."""
    by_rules: bool = False
    """The score is made of rules of AWS Config."""


class Message(NamedTuple):
    """One condition without its times."""

    status: ConditionStatus
    reason: ReasonWord
    message: str


_SYNCING: Final = "Syncing"
_WHOLE = 100
_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def refused(
    before: Sequence[Condition], trouble: Trouble, now: datetime, generation: int
) -> tuple[Condition, ...]:
    """Return the conditions of a target that may not or cannot be evaluated at all."""
    said = Message(_FALSE, trouble.reason, trouble.message)
    return _settled(
        before, ready=said, current=said, reconciling=None, stalled=said, now=now, generation=generation
    )


def assessed(
    before: Sequence[Condition], situation: TargetSituation, now: datetime, generation: int
) -> tuple[Condition, ...]:
    """Return the conditions of an admitted target; `now` by the clock that dated its score: AWS's."""
    ready = _ready(situation)
    current = _score_current(situation, now)
    stuck = ready.status is _FALSE and _is_terminal(situation)
    working = ready.status is not _TRUE or current.reason == _SYNCING
    waiting = working and not stuck and not situation.suspended
    return _settled(
        before,
        ready=ready,
        current=current,
        reconciling=(ready if ready.status is not _TRUE else current) if waiting else None,
        stalled=ready if stuck else None,
        now=now,
        generation=generation,
    )


def _is_terminal(situation: TargetSituation) -> bool:
    return situation.trouble.terminal if situation.trouble else bool(situation.missing)


def _ready(situation: TargetSituation) -> Message:
    asked = _asked(situation)
    if situation.suspended:
        return Message(_UNKNOWN, "Suspended", f"{asked} is not asked while spec.suspend is true.")
    if situation.trouble:
        return Message(_FALSE, situation.trouble.reason, situation.trouble.message)
    if not situation.connected:
        return Message(_UNKNOWN, "Connecting", f"{asked} has not answered yet.")
    if situation.missing:
        return _missing(situation)
    message = f"Accepted; the credentials work and {asked} answers."
    told = " ".join(filter(None, (message, *situation.notes, situation.unseen)))
    return Message(_TRUE, "ConfigAnswers" if situation.by_rules else "SecurityHubAnswers", told)


def _asked(situation: TargetSituation) -> str:
    return "AWS Config" if situation.by_rules else "Security Hub"


def _score_current(situation: TargetSituation, now: datetime) -> Message:
    if situation.suspended:
        return Message(_FALSE, "Suspended", "The score is as of status.scoreTime: spec.suspend is true.")
    if situation.exact_at is None:
        if situation.trouble:
            return Message(_FALSE, situation.trouble.reason, situation.trouble.message)
        if situation.progress_percent < _WHOLE:
            message = f"The first sweep of all findings is under way: {situation.progress_percent} %."
        else:
            message = (
                "All findings are read. The controls that policies may have turned off are looked at next."
            )
        return Message(_FALSE, _SYNCING, message)
    if situation.suspicious:
        return Message(_FALSE, "SweepSuspicious", situation.suspicious)
    if situation.missing:
        return _missing(situation)
    interval = microseconds(situation.refreshed_every)
    if situation.restored or not is_current(situation.exact_at, instant_of(now), interval):
        why = situation.trouble or _overdue(situation)
        return Message(_FALSE, why.reason, f"The score is as of status.scoreTime. {why.message}")
    if not situation.scored:
        return _no_score(situation)
    said = ("The score is exact as of status.scoreTime.", situation.unseen, situation.rejected)
    return Message(_TRUE, "Exact", " ".join(filter(None, said)))


def _overdue(situation: TargetSituation) -> Trouble:
    """Say why the score is of an earlier time, although nothing is wrong."""
    if (situation.connected or situation.restored) and situation.progress_percent < _WHOLE:
        # A store that was begun anew, or a replica that takes over without one.
        return Trouble(_SYNCING, f"All findings are read again: {situation.progress_percent} %.")
    if situation.withheld:
        return Trouble("RelistDue", f"{situation.withheld}.")
    if situation.restored:
        return Trouble(
            _SYNCING, "It was published before this replica took over, which is reading Security Hub now."
        )
    return Trouble("PollOverdue", "Security Hub has not been read for two intervals: see the operator's log.")


def _no_score(situation: TargetSituation) -> Message:
    if situation.gap:
        return Message(_FALSE, situation.gap.reason, situation.gap.message)
    if situation.by_rules:
        said = no_score(situation.notes, reports=situation.reporting > 0)
        return Message(_FALSE, said.reason, said.message)
    if not situation.reporting and not situation.enabled:
        return Message(
            _FALSE,
            "NoStandards",
            "Security Hub has no standard enabled, or does not list them, so there is no score: enable"
            " one, or name them in spec.source.securityStandards.standards."
            + "".join(f" {advice}" for advice in situation.notes),
        )
    if not situation.reporting:
        return Message(
            _FALSE,
            "NoFindings",
            "No account of the target has a finding inside the evaluation window, so there is no score: check"
            " spec.accounts, the accounts that are granted, and that Security Hub is on in the accounts."
            + "".join(f" {advice}" for advice in situation.notes),
        )
    return Message(
        _FALSE,
        "NoData",
        "No enabled control of the chosen standards has a finding that counts, or the hub's controls may not"
        " be listed, so there is no score by the chosen method.",
    )


def _missing(situation: TargetSituation) -> Message:
    if not situation.by_rules:
        return _standard_not_enabled(situation)
    said = pack_not_found(situation.missing)
    return Message(_FALSE, said.reason, said.message)


def _standard_not_enabled(situation: TargetSituation) -> Message:
    enabled = ", ".join(situation.enabled) or "none"
    denied = "".join(f" {advice}" for advice in situation.notes)
    return Message(
        _FALSE,
        "StandardNotEnabled",
        f"Not enabled in this Security Hub, nor, by any finding, in a member or a linked Region:"
        f" {', '.join(situation.missing)}. Enabled: {enabled}. Correct"
        f' spec.source.securityStandards.standards, write ["*"], or enable the standard.{denied}',
    )


def _settled(
    before: Sequence[Condition],
    *,
    ready: Message,
    current: Message,
    reconciling: Message | None,
    stalled: Message | None,
    now: datetime,
    generation: int,
) -> tuple[Condition, ...]:
    conditions = tuple(before)
    told: dict[ConditionType, Message] = {
        READY: ready,
        SCORE_CURRENT: current,
        RECONCILING: _abnormal(reconciling, ready.reason),
        STALLED: _abnormal(stalled, ready.reason),
    }
    for kind, said in told.items():
        conditions = set_condition(conditions, kind, *said, now, generation)
    return conditions


def _abnormal(said: Message | None, otherwise: ReasonWord) -> Message:
    """Return a condition that is only true while something is going on, or wrong."""
    return said._replace(status=_TRUE) if said else Message(_FALSE, otherwise, "")
