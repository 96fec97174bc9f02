"""The mark of ownership: whose suppression a finding bears, in its user-defined fields.

What we suppressed is told from what people suppressed by the finding alone, so that any replica, and an
operator without its store, knows it. BatchUpdateFindings takes at most 50 pairs a finding, keys of 128 and
values of 1024 characters (API reference, AwsSecurityFinding). Whether it merges the given pairs into those
there or replaces them is not documented: the whole map is written each time, and a mark is ended by a blank
owner, not by leaving its pairs out.
"""

from typing import NamedTuple, TypeAlias

from posture.domain.findings import Workflow

OWNER = "posture.dev/owner"
POLICY = "posture.dev/policy"
PREVIOUS = "posture.dev/previous"
DELETION_POLICY = "posture.dev/deletion-policy"

MAX_PAIRS = 50

UserFields: TypeAlias = tuple[tuple[str, str], ...]

_RETAIN, _REOPEN = "Retain", "Reopen"
# The model of the API asks each value for a character that is no space (NonEmptyString).
_NOBODY = "-"


class Mark(NamedTuple):
    """A suppression of ours.

    `owner`: the operator that made it. `policy`: for which, as namespace/name. `previous`: the workflow
    before it, never SUPPRESSED. `retain`: it stays when the policy is deleted; only a mark whose policy is
    gone needs to say so.
    """

    owner: str
    policy: str
    previous: Workflow
    retain: bool = False


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
    return Mark(owner, policy, previous, retains(fields))


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
    return tuple(sorted(pairs.items())) if len(pairs) <= MAX_PAIRS else None


def unmarked(fields: UserFields) -> UserFields:
    """Return the whole map without the mark, other people's pairs as they are."""
    pairs = {key: value for key, value in fields if key not in {POLICY, PREVIOUS, DELETION_POLICY}}
    pairs[OWNER] = ""
    return tuple(sorted(pairs.items()))


def spelled_out(fields: UserFields) -> UserFields:
    """Return the same map for a Security Hub that refuses empty values: nobody is the owner by name."""
    return tuple((key, _NOBODY if key == OWNER and not value else value) for key, value in fields)


def is_nobody(owner: str) -> bool:
    """Whether this is not the name of any operator."""
    return owner.strip() in {"", _NOBODY}
