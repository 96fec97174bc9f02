"""What became of remediations: told on their objects and on their rules, and counted."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from posture.api.reasons.words import ReasonWord
from posture.domain.remediation.journal import State
from posture.kube.events import EventRecorder
from posture.kube.resources import REMEDIATION_RULES, ObjectRef
from posture.logs import bound
from posture.remediation.declared import DeclaredRule
from posture.remediation.engine.entries import JournalEntry

logger = logging.getLogger(__name__)

_FINISHED = frozenset({State.SUCCEEDED, State.FAILED, State.SKIPPED, State.UNDONE})
_REVERTED: Final = "Reverted"


class Outcomes:
    """Tells of the remediations of one hub, and counts those that have ended since this process began."""

    def __init__(self, events: EventRecorder) -> None:
        self._events = events
        self._rules: Mapping[str, ObjectRef] = {}
        self._counts: dict[str, Counter[tuple[str, State]]] = {}

    def name_rules(self, rules: Iterable[DeclaredRule]) -> None:
        """Say which rules there are now; what was counted of others is forgotten."""
        self._rules = {each.name: ObjectRef.of(REMEDIATION_RULES, each.document) for each in rules}
        self._counts = {name: each for name, each in self._counts.items() if name in self._rules}

    def of(self, rule: str) -> Mapping[tuple[str, State], int]:
        """Return how many remediations of a rule ended, by its action and how they did."""
        return self._counts.get(rule, {})

    async def tell(self, entry: JournalEntry, state: State, message: str) -> None:
        """Tell that a remediation has come to a state, or that it has been reverted."""
        reverted = entry.entry.state is State.SUCCEEDED and entry.status.reverted_at is None
        reverted = reverted and entry.status.resolved_at is not None and state is State.SUCCEEDED
        rule, resource = entry.entry.rule, entry.entry.resource
        reason: ReasonWord = _REVERTED if reverted else state
        bad = reverted or state is State.FAILED
        kind: Literal["Normal", "Warning"] = "Warning" if bad else "Normal"
        with bound(rule=rule, remediation=entry.name):
            level = logging.WARNING if bad else logging.INFO
            logger.log(level, "Remediation of %s: %s: %s", resource.name, reason, message)
        if state in _FINISHED and not reverted:
            self._counts.setdefault(rule, Counter())[entry.action, state] += 1
        note = f"{resource.name}: {message}"
        await self._events.post(entry.ref, kind, reason=reason, action="Remediate", note=message)
        if rule in self._rules:
            await self._events.post(self._rules[rule], kind, reason=reason, action="Remediate", note=note)
