"""What a target says of its organization: whether the tags of its accounts are known, and if not, why."""

from datetime import datetime

from posture.api.conditions import ConditionStatus, set_condition, without_condition
from posture.api.targets.status import GROUPED, PostureTargetStatus
from posture.domain.grants import NotGranted
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.text import counted
from posture.hubs.hub import Hub
from posture.publish.reports import Shown
from posture.reconcile.access import Admitted, NotAdmitted
from posture.reconcile.scope import tag_keys_of
from posture.targets.conditions import Message

_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_NAMED = 3


def grouped(admitted: Admitted | NotAdmitted, hub: Hub | None, shown: Shown | None) -> Message | None:
    """Return the condition `Grouped` of a target; None where it does not ask for its organization.

    `shown`: what this replica has found out.
    """
    if isinstance(admitted, NotAdmitted) or admitted.organization is None:
        return None
    evaluation = None if shown is None else shown.evaluation
    if admitted.target.spec.suspend:
        return Message(_UNKNOWN, "Suspended", "The organization is not read while spec.suspend is true.")
    if isinstance(admitted.organization, NotGranted):
        refusal = admitted.organization
        said = f"The {refusal.message}: {refusal.advice}."
        return Message(_FALSE, refusal.reason, f"{said}{_cost(evaluation)}")
    status = None if hub is None else hub.status.organizations.get(admitted.organization)
    if status is not None and status.errors:
        said = " ".join(f"{error}." for error in status.errors)
        kept = "What was read before is believed for 24 hours."
        return Message(_FALSE, status.errors[0].reason, f"{said} {kept}{_cost(evaluation)}")
    if status is None or not status.known.accounts:
        return Message(_FALSE, "ReadingAccounts", "The accounts of the organization are being read.")
    if evaluation is None:
        return Message(_UNKNOWN, "Syncing", "Whose tags matter is known with the first score.")
    unread = evaluation.ungrouped
    if unread:
        being_read = f"The tags of {counted(len(unread), 'account', 'accounts')} are being read."
        return Message(_FALSE, "ReadingAccounts", being_read + _cost(evaluation))
    if tag_keys_of(admitted.target.spec).all:
        return Message(_TRUE, "TagsRead", "The tags of all accounts of the target are known.")
    return Message(_TRUE, "AccountsRead", "The names and states of all accounts of the target are known.")


def _cost(evaluation: Evaluation | None) -> str:
    """Say what is missing because of that."""
    if evaluation is None or not evaluation.ungrouped:
        return ""
    some = ", ".join(evaluation.ungrouped[:_NAMED])
    more = ", …" if len(evaluation.ungrouped) > _NAMED else ""
    return (
        f" There is no score of any workload until the tags of all accounts with findings are known"
        f" (missing: {some}{more}); policies that select by workloads or environments neither suppress nor"
        " reopen anything, and rules leave these accounts alone."
    )


def with_grouping(status: PostureTargetStatus, said: Message | None, now: datetime) -> PostureTargetStatus:
    """Return the status with that condition, or without it where nobody asks."""
    before = status.conditions
    if said is None:
        conditions = without_condition(before, GROUPED)
    else:
        conditions = set_condition(before, GROUPED, *said, now, status.observed_generation)
    return status if conditions == before else status.model_copy(update={"conditions": conditions})
