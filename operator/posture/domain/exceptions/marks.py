"""The marks by which what we did is known as ours: on a finding that we suppressed, on a control turned off.

What we did is told from what people did by the mark alone, so that any replica, and an operator without its
store, knows it.

A finding bears it in its user-defined fields. BatchUpdateFindings takes at most 50 pairs a finding, keys of
128 and values of 1024 characters (API reference, AwsSecurityFinding). Whether it merges the given pairs into
those there or replaces them is not documented: the whole map is written each time, and a mark is ended by a
blank owner, not by leaving its pairs out.

A finding has one note (NoteUpdate), and ours takes the place of the one that was there: a ticket's, say. That
one is kept beside the mark, with its author, and is the finding's note again when the suppression ends. What
others write over our note takes its place there. What is kept counts only while the note is ours: a pair that
merging has left behind says nothing about a finding whose note somebody else wrote.

A control bears it in the reason that AWS keeps of it. Security Hub's model gives `UpdatedReason` no greatest
length, only that it has a character that is no space (NonEmptyString); ours stays below `MAX_REASON` at the
greatest lengths that the API allows. The mark comes first: whoever cuts a text cuts its end. It counts only
where the control is off: whether AWS keeps the reason of a control that was turned on again is not
documented. A control that is on may have a reason too, which ours takes the place of: it is kept at the end
of ours, and is the control's again when it is turned on.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from posture.domain.exceptions.notes import AUTHOR, MAX_NOTE, suppression_note
from posture.domain.exceptions.policy import Release, Terms
from posture.domain.findings import Finding, Workflow
from posture.domain.standards import ControlStatus

OWNER = "posture.dev/owner"
POLICY = "posture.dev/policy"
PREVIOUS = "posture.dev/previous"
DELETION_POLICY = "posture.dev/deletion-policy"
PREVIOUS_NOTE = "posture.dev/previous-note"
PREVIOUS_NOTE_BY = "posture.dev/previous-note-by"

MAX_PAIRS = 50
MAX_VALUE = 1024

UserFields: TypeAlias = tuple[tuple[str, str], ...]
IsOurs: TypeAlias = Callable[[UserFields], bool]

_RETAIN, _REOPEN = "Retain", "Reopen"
# The model of the API asks each value for a character that is no space (NonEmptyString).
_NOBODY = "-"
# UpdatedBy of a note is required (NoteUpdate).
_UNNAMED = "unknown"


class Note(NamedTuple):
    """A note that others wrote, and who did (`UpdatedBy`)."""

    text: str
    author: str


class Mark(NamedTuple):
    """A suppression of ours."""

    owner: str
    """The operator that made it."""
    policy: str
    """For which, as namespace/name."""
    previous: Workflow
    """The workflow before it, never SUPPRESSED."""
    retain: bool = False
    """It stays when the policy is deleted; only a mark whose policy is gone needs to say so."""
    note: Note | None = None
    """The note before it; None where there was none."""


def read_mark(fields: UserFields) -> Mark | None:
    """Read the mark; None where there is none, or where somebody took owner or policy out.

    A previous workflow that is missing, or cannot be, is NEW.
    """
    if not fields:
        return None
    pairs = dict(fields)
    owner, policy = pairs.get(OWNER, ""), pairs.get(POLICY, "")
    if is_nobody(owner) or not policy:
        return None
    previous = Workflow.__members__.get(pairs.get(PREVIOUS, ""), Workflow.NEW)
    if previous is Workflow.SUPPRESSED:
        previous = Workflow.NEW
    return Mark(owner, policy, previous, retains(fields), _kept(pairs))


def retains(fields: UserFields) -> bool:
    """Tell whether a mark says that the suppression stays when its policy is deleted."""
    return (DELETION_POLICY, _RETAIN) in fields


def is_complete(fields: UserFields, mark: Mark) -> bool:
    """Tell whether a mark that was read says itself what there was before."""
    return (PREVIOUS, mark.previous.name) in fields


def marked(fields: UserFields, mark: Mark) -> UserFields | None:
    """Return the whole map with the mark, other people's pairs as they are; None where it has no room.

    What cannot be marked must not be suppressed: nobody would know to end it.
    """
    pairs = dict(fields) | {OWNER: mark.owner, POLICY: mark.policy, PREVIOUS: mark.previous.name}
    if mark.retain:
        pairs[DELETION_POLICY] = _RETAIN
    elif DELETION_POLICY in pairs:
        pairs[DELETION_POLICY] = _REOPEN
    if mark.note is not None:
        pairs |= {PREVIOUS_NOTE: mark.note.text, PREVIOUS_NOTE_BY: mark.note.author}
    return tuple(sorted(pairs.items())) if len(pairs) <= MAX_PAIRS else None


def unmarked(fields: UserFields, *, keeping_note: bool = False) -> UserFields:
    """Return the whole map without the mark, other people's pairs as they are.

    `keeping_note`: the note stays ours, so that the one before it must stay where it is kept.
    """
    gone = {POLICY, PREVIOUS, DELETION_POLICY}
    if not keeping_note:
        gone |= {PREVIOUS_NOTE, PREVIOUS_NOTE_BY}
    pairs = {key: value for key, value in fields if key not in gone}
    pairs[OWNER] = ""
    return tuple(sorted(pairs.items()))


def has_note_of_others(finding: Finding) -> bool:
    """Whether the finding's note is one that we did not write."""
    return bool(finding.note) and finding.note_by != AUTHOR


def note_before(finding: Finding) -> Note | None:
    """Return the note of others that ours takes the place of, or has taken; None where there is none.

    It is cut where it is longer than a value may be, and ends in `…` then.
    """
    if not has_note_of_others(finding):
        return _kept(dict(finding.user_fields))
    return Note(_cut(finding.note, MAX_VALUE), _cut(finding.note_by.strip() or _UNNAMED, MAX_VALUE))


def given_back(finding: Finding) -> Note | None:
    """Return the note to write when a finding is let go of; None: it has it already, or there was none."""
    if has_note_of_others(finding):
        return None
    note = note_before(finding)
    return None if note is None else note._replace(text=_cut(note.text, MAX_NOTE))


def _kept(pairs: dict[str, str]) -> Note | None:
    text = pairs.get(PREVIOUS_NOTE, "")
    return Note(text, pairs.get(PREVIOUS_NOTE_BY, "").strip() or _UNNAMED) if text.strip() else None


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def spelled_out(fields: UserFields) -> UserFields:
    """Return the same map for a Security Hub that refuses empty values: nobody is the owner by name."""
    return tuple((key, _NOBODY if key == OWNER and not value else value) for key, value in fields)


def is_nobody(owner: str) -> bool:
    """Whether this is not the name of any operator."""
    return owner.strip() in {"", _NOBODY}


MAX_REASON = 1024

_BEFORE, _BEFORE_ENDS = " [posture.dev before: ", "]"
_NO_LONGER = "No longer turned off by policy "
_RETAIN_CONTROLS = " deletion-policy=Retain"
_MARK = re.compile(
    r"\[posture\.dev owner=(?P<owner>[^\s\]]+) policy=(?P<policy>[^\s\]]+)"
    rf" was=(?P<was>[A-Za-z]+)(?P<retain>{_RETAIN_CONTROLS})?\](?: .*)?",
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
    """Whose a control is that is off."""

    owner: str
    """The operator."""
    policy: str
    """As namespace/name."""
    was: ControlStatus
    """The status that the control had when it was turned off."""
    retain: bool = False
    """It stays off when the policy is deleted."""
    before: str = ""
    """The reason that it had when it was on."""


def read_control_mark(reason: str) -> ControlMark | None:
    """Read the mark of a control that is off; None: a person, or another tool, turned it off."""
    found = _MARK.fullmatch(reason)
    if found is None:
        return None
    retain = found["retain"] is not None
    return ControlMark(found["owner"], found["policy"], status_of_mark(found["was"]), retain, _before(reason))


def said_while_on(reason: str) -> str:
    """Return the reason that others gave of a control that is on, empty where it is one of ours.

    `reason`: as Security Hub has it, which may be that of a time when the control was off.
    """
    mark = read_control_mark(reason)
    if mark is not None:
        return mark.before
    return "" if reason.startswith(_NO_LONGER) else reason


def status_of_mark(word: str) -> ControlStatus:
    """Read a status as marks and the API spell it; what cannot be one had no data."""
    return _READ.get(word, ControlStatus.NO_DATA)


def turning_off(terms: Terms, owner: str, was: ControlStatus, before: str = "") -> str:
    """Give the reason with which a control is off for a policy: the mark, then what a finding's note says.

    The same arguments give the same text. The justification comes last but for `before`, the reason that the
    control had while it was on: where all does not fit, each is shortened and ends in `…`.
    """
    mark = f"[posture.dev owner={owner} policy={terms.policy} was={SPELLED[was]}"
    said = suppression_note(terms).removeprefix("Suppressed")
    text = f"{mark}{_RETAIN_CONTROLS if terms.retain else ''}] Turned off{said}"
    return f"{text}{_BEFORE}{_cut_words(before, text)}{_BEFORE_ENDS}" if before else text


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


def _cut_words(before: str, text: str) -> str:
    room = MAX_REASON - len(text) - len(_BEFORE) - len(_BEFORE_ENDS)
    return before if len(before) <= room else before[: max(0, room - 1)] + "…"


_REASONS = {
    Release.EXPIRED: "it has expired",
    Release.DELETED: "it was deleted",
    Release.GONE: "it does not exist",
    Release.NARROWED: "it does not name this control here",
}
