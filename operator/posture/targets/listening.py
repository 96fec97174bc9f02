"""What a target says of the queue of events that it names: whether changes show before the next poll."""

from datetime import datetime

from posture.api.conditions import ConditionStatus, set_condition, without_condition
from posture.api.targets.status import LISTENING, PostureTargetStatus
from posture.hubs.hub import Hub
from posture.reconcile.access import Admitted, NotAdmitted
from posture.targets.conditions import Message

_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_COST = "Nothing else depends on it: polls go on, and changes show at the next one (spec.interval)."


def listened(admitted: Admitted | NotAdmitted, hub: Hub | None) -> Message | None:
    """Return the condition `Listening` of a target; None where it names no queue."""
    target = admitted.target
    if target is None or target.spec.aws.events is None:
        return None
    if isinstance(admitted, NotAdmitted):
        return Message(_FALSE, admitted.trouble.reason, admitted.trouble.message)
    if target.spec.suspend:
        return Message(_UNKNOWN, "Suspended", "The queue is left alone while spec.suspend is true.")
    status = None if hub is None else hub.status.listening
    if status is not None and status.error is not None:
        return Message(_FALSE, "QueueUnavailable", f"{status.error}. {_COST}")
    if hub is None or status is None:
        return Message(_UNKNOWN, "Connecting", "The queue has not been asked yet.")
    if hub.status.exact_at is None:
        return Message(
            _UNKNOWN,
            "Syncing",
            "The queue answers; it is read once all findings have been read for the first time.",
        )
    if status.foreign:
        return Message(
            _FALSE,
            "OnlyForeign",
            "Events come, but none of them is of this Security Hub; the operator's log says of what they are."
            " Have the queue filled by a rule on the default bus of the account and Region of spec.aws, for"
            f" 'Security Hub Findings - Imported'. {_COST}",
        )
    return Message(
        _TRUE,
        "QueueAnswers",
        "Events are taken from the queue of spec.aws.events, and show within seconds; status.scoreTime stays"
        " that of the last poll.",
    )


def with_listening(status: PostureTargetStatus, said: Message | None, now: datetime) -> PostureTargetStatus:
    """Return the status with that condition, or without it where the target names no queue."""
    before = status.conditions
    if said is None:
        conditions = without_condition(before, LISTENING)
    else:
        conditions = set_condition(before, LISTENING, *said, now, status.observed_generation)
    return status if conditions == before else status.model_copy(update={"conditions": conditions})
