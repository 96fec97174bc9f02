"""The mark of ownership: whose suppression a finding bears, in its user-defined fields; and the note before.

What we suppressed is told from what people suppressed by the finding alone, so that any replica, and an
operator without its store, knows it. BatchUpdateFindings takes at most 50 pairs a finding, keys of 128 and
values of 1024 characters (API reference, AwsSecurityFinding). Whether it merges the given pairs into those
there or replaces them is not documented: the whole map is written each time, and a mark is ended by a blank
owner, not by leaving its pairs out.

A finding has one note (NoteUpdate), and ours takes the place of the one that was there: a ticket's, say. That
one is kept beside the mark, with its author, and is the finding's note again when the suppression ends. What
others write over our note takes its place there. What is kept counts only while the note is ours: a pair that
merging has left behind says nothing about a finding whose note somebody else wrote.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from posture.domain.findings import Finding, Workflow
from posture.domain.justification import AUTHOR
from posture.domain.justification import MAX_LENGTH as MAX_NOTE

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
    """A suppression of ours.

    `owner`: the operator that made it. `policy`: for which, as namespace/name. `previous`: the workflow
    before it, never SUPPRESSED. `retain`: it stays when the policy is deleted; only a mark whose policy is
    gone needs to say so. `note`: the note before it, None where there was none.
    """

    owner: str
    policy: str
    previous: Workflow
    retain: bool = False
    note: Note | None = None


def read(fields: UserFields) -> Mark | None:
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
