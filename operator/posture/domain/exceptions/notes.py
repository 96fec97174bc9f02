r"""What the note of a finding says: why it is suppressed, who approved it, and until when.

BatchUpdateFindings takes notes of 1 to 512 characters (API reference, NoteUpdate); AWS counts characters as
Unicode code points (Smithy, length trait). One line without control characters: the model of the API asks
for `.*\S.*`, in which a dot may stand for no line break.
"""

import unicodedata

from posture.domain.exceptions.policy import Release, Terms
from posture.domain.time import text_of

AUTHOR = "posture-operator"
MAX_NOTE = 512


def suppression_note(terms: Terms) -> str:
    """Say on what terms a finding is suppressed. The same terms give the same text.

    The justification comes last: where all does not fit, it is shortened and ends in `…`. Everything before
    it fits at the greatest lengths that the API allows.
    """
    reference = f", reference {_line(terms.reference)}" if _line(terms.reference) else ""
    return _shortened(
        f"Suppressed by policy {terms.policy} until {text_of(terms.expires_at)}, "
        f"approved by {_line(terms.approved_by)}{reference}: {_line(terms.justification)}"
    )


def reopening_note(policy: str, release: Release) -> str:
    """Say why a finding is not suppressed any longer by the policy of that namespace/name."""
    return _shortened(f"No longer suppressed by policy {policy}: {_REASONS[release]}")


_REASONS = {
    Release.EXPIRED: "it has expired",
    Release.DELETED: "it was deleted",
    Release.RETAINED: "it was deleted",
    Release.GONE: "it does not exist",
    Release.NARROWED: "it does not select this finding",
    Release.PASSED: "the finding has passed",
}


def _line(text: str) -> str:
    """Put a text on one line; what would end a line, and what cannot be seen or sent, becomes a space."""
    return " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text).split())


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= MAX_NOTE else text[: MAX_NOTE - 1].rstrip() + "…"
