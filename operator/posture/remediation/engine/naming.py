"""What an entry's action is, and how far its writes are, for those who carry it out."""

from posture.domain.text import counted
from posture.remediation.actions.contract import Action
from posture.remediation.actions.registry import builtin_actions
from posture.remediation.engine.journal import JournalEntry


def action_named(entry: JournalEntry) -> Action | None:
    """Return the builtin action of an entry; None where it has none that this version knows."""
    if entry.remediation is None or entry.remediation.spec.action.builtin is None:
        return None
    return builtin_actions().get(entry.remediation.spec.action.builtin.name)


def so_far(made: int, planned: int) -> str:
    """Say how many of the writes of an entry were made."""
    if made == planned:
        return f"{counted(made, 'write was', 'writes were')} made."
    return f"{made} of {counted(planned, 'write was', 'writes were')} made."
