"""What is decided about a resource, and why, in the words of `status.plan`."""

from enum import StrEnum
from typing import NamedTuple


class Decision(StrEnum):
    """What would happen."""

    REMEDIATE = "Remediate"
    WAIT = "Wait"
    SKIP = "Skip"


class Reason(StrEnum):
    """Why, in one word; each belongs to one decision."""

    PLANNED = "Planned"

    DELAYED = "Delayed"
    OUTSIDE_WINDOW = "OutsideWindow"
    CAP_REACHED = "CapReached"
    AWAITING_APPROVAL = "AwaitingApproval"
    PENDING = "Pending"
    THROTTLED = "Throttled"

    OPTED_OUT = "OptedOut"
    OPT_OUT_UNREADABLE = "OptOutUnreadable"
    SUPPRESSED = "Suppressed"
    POLICY_UNREADABLE = "PolicyUnreadable"
    EXCEPTED = "Excepted"
    ALREADY_COMPLIANT = "AlreadyCompliant"
    NOT_SUPPORTED = "NotSupported"
    NOT_AWS = "NotAws"
    ACCOUNT_MISMATCH = "AccountMismatch"
    RESOURCE_GONE = "ResourceGone"
    IN_USE = "InUse"
    MANAGED_BY_AWS = "ManagedByAws"
    MANAGED_BY_POLICY = "ManagedByPolicy"
    NOT_OWNER = "NotOwner"
    NOT_GRANTED = "NotGranted"
    ACCESS_DENIED = "AccessDenied"
    ALREADY_HANDLED = "AlreadyHandled"
    UNREADABLE = "Unreadable"

    @property
    def decision(self) -> Decision:
        """Give the decision that it is a reason for."""
        if self is Reason.PLANNED:
            return Decision.REMEDIATE
        return Decision.WAIT if self in _WAITS else Decision.SKIP


_WAITS = frozenset(
    {
        Reason.DELAYED,
        Reason.OUTSIDE_WINDOW,
        Reason.CAP_REACHED,
        Reason.AWAITING_APPROVAL,
        Reason.PENDING,
        Reason.THROTTLED,
    }
)


class Outcome(NamedTuple):
    """A reason, with what people are told about it."""

    reason: Reason
    message: str

    @property
    def decision(self) -> Decision:
        """Give the decision."""
        return self.reason.decision
