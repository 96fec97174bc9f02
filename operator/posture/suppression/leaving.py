"""What a policy that may be on its way out still has to let go of, and what keeps it from that."""

from typing import NamedTuple

from posture.aws.client.errors import Retryable, Terminal
from posture.domain.exceptions.policy import Phase
from posture.suppression.conditions import PolicyCase, PolicyProgress, why_not
from posture.suppression.declared import Declared
from posture.suppression.whereabouts import has_written_nowhere

_ENDING = frozenset({Phase.MOVED, Phase.EXPIRED, Phase.DELETED, Phase.RETAINED})


class Deletion(NamedTuple):
    """A policy that may be on its way out."""

    case: PolicyCase

    @property
    def declared(self) -> Declared:
        """Give what is declared."""
        return self.case.declared

    @property
    def progress(self) -> PolicyProgress | None:
        """Give how far it is; None where its marks are not known."""
        return self.case.progress

    @property
    def goes_elsewhere(self) -> bool:
        """Whether it is only undone here, and the hub of its target lets it go."""
        return self.declared.departed

    @property
    def obstacle(self) -> str:
        """Say what keeps it from letting go, without a full stop; empty where nothing is known to."""
        return why_not(self.case)

    @property
    def is_hopeless(self) -> bool:
        """Whether something keeps it from letting go that does not pass by itself."""
        return bool(self.obstacle) and not isinstance(self.case.hub.error, Retryable)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do, or nothing that the policy has to wait for."""
        declared = self.declared
        if declared.home is None and has_written_nowhere(declared.document):
            return True
        return self.is_done_here and not declared.elsewhere

    @property
    def is_done_here(self) -> bool:
        """Whether nothing is left to do in this hub, or nothing that the policy has to wait for."""
        progress = self.progress
        if progress is None:
            return False
        return self.goes_unwritten or (progress.outcome.marked == 0 and progress.whole)

    @property
    def is_over_here(self) -> bool:
        """Whether the policy suppresses nothing in this hub any longer, and is not to."""
        progress = self.progress
        ends = progress is not None and progress.outcome.phase in _ENDING
        return ends and self.is_done_here

    def given_up(self, before: str) -> str | None:
        """Say why it is not waited for that a policy which has moved is undone here; empty: it is.

        `before`: what was said last. None: that is not known. Once given up it stays so until what was in the
        way has gone, as what the policy does elsewhere meanwhile may show here.
        """
        error, progress = self.case.hub.reading, self.progress
        if isinstance(error, Terminal):
            return f"{error}"
        if progress is None:
            return None
        barred, marked = progress.outcome.barred, progress.outcome.marked
        if barred and (before or barred == marked):
            return self.obstacle
        return ""

    @property
    def left(self) -> str:
        """Say what stays as the policy made it, and why as far as that is known."""
        words, progress = self.case.words, self.progress
        why = f"{words.stays}: {self.obstacle or 'Security Hub was not reached in time'}."
        if progress is not None and progress.outcome.marked:
            such = f", such as {', '.join(progress.left)}" if progress.left else ""
            number = f"{words.counted(progress.outcome.marked)} could not be {words.undone}{such}"
            return f"The policy is deleted, but {number}; what it did there {why}"
        known = self.declared.status.suppressed
        number = "" if known is None else f" ({words.counted(known)} by its last status)"
        return f"The policy is deleted, but what it did{number} could not be undone, and {why}"

    @property
    def goes_unwritten(self) -> bool:
        """Whether it leaves its findings suppressed, and nothing may be written to say so."""
        outcome = None if self.progress is None else self.progress.outcome
        return (
            self.case.hub.frozen
            and outcome is not None
            and outcome.marked > 0
            and outcome.phase is Phase.RETAINED
            and self.declared.deleted_at is not None
        )
