"""The mark of ownership of a control that a policy turned off, in the reason that AWS keeps of it.

Security Hub's model gives `UpdatedReason` no greatest length, only that it has a character that is no space
(NonEmptyString). Ours stays below `MAX_LENGTH` at the greatest lengths that the API allows. The mark comes
first: whoever cuts a text cuts its end. It counts only where the control is off: whether AWS keeps the reason
of a control that was turned on again is not documented. A control that is on may have a reason too, which
ours takes the place of: it is kept at the end of ours, and is the control's again when it is turned on.
"""

import re
from typing import NamedTuple

from posture.domain.controls import ControlStatus
from posture.domain.justification import suppression_note
from posture.domain.suppression import Release, Terms

MAX_LENGTH = 1024

_BEFORE, _BEFORE_ENDS = " [posture.dev before: ", "]"
_NO_LONGER = "No longer turned off by policy "
_RETAIN = " deletion-policy=Retain"
_MARK = re.compile(
    r"\[posture\.dev owner=(?P<owner>[^\s\]]+) policy=(?P<policy>[^\s\]]+)"
    rf" was=(?P<was>[A-Za-z]+)(?P<retain>{_RETAIN})?\](?: .*)?",
    re.DOTALL,
)
SPELLED = {
    ControlStatus.PASSED: "Passed",
    ControlStatus.FAILED: "Failed",
    ControlStatus.UNKNOWN: "Unknown",
    ControlStatus.NO_DATA: "NoData",
}
_READ = {word: status for status, word in SPELLED.items()}


class ControlMark(NamedTuple):
    """Whose a control is that is off.

    `owner`: the operator. `policy`: namespace/name. `was`: the status that the control had when it was turned
    off. `retain`: it stays off when the policy is deleted. `before`: the reason that it had when it was on.
    """

    owner: str
    policy: str
    was: ControlStatus
    retain: bool = False
    before: str = ""


def read(reason: str) -> ControlMark | None:
    """Read the mark of a control that is off; None: a person, or another tool, turned it off."""
    found = _MARK.fullmatch(reason)
    if found is None:
        return None
    retain = found["retain"] is not None
    return ControlMark(found["owner"], found["policy"], status_of(found["was"]), retain, _before(reason))


def said_while_on(reason: str) -> str:
    """Return the reason that others gave of a control that is on, empty where it is one of ours.

    `reason`: as Security Hub has it, which may be that of a time when the control was off.
    """
    mark = read(reason)
    if mark is not None:
        return mark.before
    return "" if reason.startswith(_NO_LONGER) else reason


def status_of(word: str) -> ControlStatus:
    """Read a status as marks and the API spell it; what cannot be one had no data."""
    return _READ.get(word, ControlStatus.NO_DATA)


def turning_off(terms: Terms, owner: str, was: ControlStatus, before: str = "") -> str:
    """Give the reason with which a control is off for a policy: the mark, then what a finding's note says.

    The same arguments give the same text. The justification comes last but for `before`, the reason that the
    control had while it was on: where all does not fit, each is shortened and ends in `…`.
    """
    mark = f"[posture.dev owner={owner} policy={terms.policy} was={SPELLED[was]}"
    said = suppression_note(terms).removeprefix("Suppressed")
    text = f"{mark}{_RETAIN if terms.retain else ''}] Turned off{said}"
    return f"{text}{_BEFORE}{_cut(before, text)}{_BEFORE_ENDS}" if before else text


def left_off(policy: str) -> str:
    """Give the reason with which a control stays off after its policy; it bears no mark."""
    return f"Left off when policy {policy} was deleted, as its deletionPolicy is Retain"


def turning_on(policy: str, release: Release, before: str = "") -> str:
    """Give the reason with which a control that a policy had turned off is turned on again.

    That is the one `before`, where there was any.
    """
    return before or f"{_NO_LONGER}{policy}: {_REASONS[release]}"


def _before(reason: str) -> str:
    start = reason.find(_BEFORE)
    return reason[start + len(_BEFORE) : -1] if start >= 0 and reason.endswith(_BEFORE_ENDS) else ""


def _cut(before: str, text: str) -> str:
    room = MAX_LENGTH - len(text) - len(_BEFORE) - len(_BEFORE_ENDS)
    return before if len(before) <= room else before[: max(0, room - 1)] + "…"


_REASONS = {
    Release.EXPIRED: "it has expired",
    Release.DELETED: "it was deleted",
    Release.GONE: "it does not exist",
    Release.NARROWED: "it does not name this control here",
}
