"""Which of two copies of a finding is the newer, and how long our own writes are held against reads.

Security Hub is eventually consistent, and several requests are in flight at once: copies of a finding arrive
in any order, and a copy asked for later may show an earlier state. Three facts decide:

- A copy is a snapshot of the whole finding, and Security Hub ignores an import whose UpdatedAt is not later
  than the finding's (user guide, BatchImportFindings): within one finding's life UpdatedAt only grows. So a
  copy with a smaller UpdatedAt is an old copy as a whole, its customer fields included, whenever it was asked
  for.
- Customer changes do not touch UpdatedAt (BatchUpdateFindings), archival perhaps not. Among copies with equal
  UpdatedAt the one whose request started later is taken for the newer.
- BatchUpdateFindings may take minutes to show. What we wrote ourselves is known without reading it, so it is
  held against reads that do not show it yet: until one does, `SETTLING` at most.

Times are integer microseconds since the Unix epoch by AWS's clock.
"""

from enum import Enum
from typing import NamedTuple

from posture.domain.findings import Workflow
from posture.domain.time import MINUTE

SETTLING = 15 * MINUTE


class CustomerFields(NamedTuple):
    """The fields of a finding that customers write with BatchUpdateFindings."""

    workflow: Workflow
    note: str
    user_fields: tuple[tuple[str, str], ...]
    note_by: str = ""


class Overlay(NamedTuple):
    """Customer fields as we wrote them; None: left as they were."""

    workflow: Workflow | None
    note: str | None
    user_fields: tuple[tuple[str, str], ...] | None
    written_at: int
    """The start of the request."""
    note_by: str = ""
    """Goes with the note."""
    fields_tell: bool = False
    """Among the user-defined fields that we wrote are some that were not there, so that whoever sees them
    sees the finding after our write."""


class CopyVerdict(Enum):
    """What a read means for an overlay: it hides the read, or it has been seen, or its time is over."""

    HELD = "held"
    CONFIRMED = "confirmed"
    LAPSED = "lapsed"


def supersedes(copy: tuple[int, int], known: tuple[int, int]) -> bool:
    """Tell whether a copy replaces what is known of its finding; both are (updated_at, asked_at).

    Equal stamps are the same read twice: replacing changes nothing, but for a finding that one answer holds
    in two states, where the later of the two counts.
    """
    return copy >= known


def outlives_removal(asked_at: int, removed_at: int) -> bool:
    """Tell whether a copy proves that a finding is there again.

    `removed_at` is the start of the request by Id that did not return it. A copy asked for before that, and
    answered after, is only late. One asked for later counts, though it may be stale: a hub that returns a
    finding again (an account that left and came back) does so with the UpdatedAt it had.
    """
    return asked_at > removed_at


def judge_copy(overlay: Overlay, shown: CustomerFields, asked_at: int) -> CopyVerdict:
    """Weigh a read of the customer fields, whose request started at `asked_at`, against our own write."""
    if asked_at - overlay.written_at > SETTLING:
        return CopyVerdict.LAPSED
    if asked_at >= overlay.written_at and _shows(overlay, shown):
        return CopyVerdict.CONFIRMED
    return CopyVerdict.HELD


def lapsed(written_at: int, now: int) -> bool:
    """Tell whether a write that no read has shown is no longer held."""
    return now - written_at > SETTLING


def overlaid(overlay: Overlay, shown: CustomerFields) -> CustomerFields:
    """Return the customer fields as they are with our write; what we did not write is as shown."""
    return CustomerFields(
        shown.workflow if overlay.workflow is None else overlay.workflow,
        shown.note if overlay.note is None else overlay.note,
        shown.user_fields if overlay.user_fields is None else overlay.user_fields,
        shown.note_by if overlay.note is None else overlay.note_by,
    )


def stacked(earlier: Overlay | None, later: Overlay) -> Overlay:
    """Return the overlay after a second write, while the first may still be unseen.

    Fields that the second leaves alone stay held from the first, unless its time was over.
    """
    if earlier is None or lapsed(earlier.written_at, later.written_at):
        return later
    return Overlay(
        earlier.workflow if later.workflow is None else later.workflow,
        earlier.note if later.note is None else later.note,
        earlier.user_fields if later.user_fields is None else later.user_fields,
        later.written_at,
        earlier.note_by if later.note is None else later.note_by,
        later.fields_tell,
    )


def _shows(overlay: Overlay, shown: CustomerFields) -> bool:
    """Tell whether a read shows what we wrote.

    Pairs beside ours do not matter: whether AWS merges UserDefinedFields or replaces them is not documented,
    and others may add theirs. Nor does another note where the fields tell that it was written over ours.
    """
    return (
        (overlay.workflow is None or shown.workflow == overlay.workflow)
        and (overlay.note is None or overlay.fields_tell or shown.note == overlay.note)
        and (overlay.user_fields is None or set(overlay.user_fields) <= set(shown.user_fields))
    )
