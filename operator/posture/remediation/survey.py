"""What the rules of one hub select, worked out from its findings. All of it runs in the hub's thread.

Looked at are the findings that did not pass in places where a rule selects something, and once more those of
the same controls and accounts: what protects one of them protects the resource.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.domain.exceptions.policy import namespace_of
from posture.domain.remediation.candidates import Candidate, Gathering, Known
from posture.domain.remediation.resources import ResourceKey
from posture.reconcile.access import Admitted
from posture.reconcile.scope import HubView, TargetScope, TargetScopes
from posture.remediation.declared import RuleTerms
from posture.remediation.gathering import CheckedResources, gather
from posture.remediation.policies import Policies
from posture.remediation.protection import Protecting, TurnedOffAt
from posture.remediation.since import InScope
from posture.sources.findings_view import FindingsView


class Asked(NamedTuple):
    """What is declared for a hub: its targets, and the rules that can be planned, by namespace/name."""

    targets: Mapping[str, Admitted]
    rules: Mapping[str, RuleTerms]
    policies: Policies


class Surveyed(NamedTuple):
    """What findings say for the plan of one rule.

    `in_scope_since`: without a break (µs). `checked`: the resources that its controls check in the target.
    `policies_read`: whether all policies that could protect could be read.
    """

    terms: RuleTerms
    candidates: Sequence[Candidate]
    in_scope_since: Mapping[ResourceKey, int]
    checked: int
    policies_read: bool


class Picture(NamedTuple):
    """What one look came to: of each rule by namespace/name, in the scopes of targets as the hub was then."""

    rules: Mapping[str, Surveyed]
    targets: Mapping[str, Admitted]
    scopes: Mapping[str, TargetScope]
    hub: HubView


class Survey:
    """Looks at what rules of a hub select, and remembers since when a resource is in scope.

    A finding says when it was last looked at, and not since when it fails: it may have passed in between. So
    a resource is known to fail since the earliest copy that was seen while it was in scope without a break.
    """

    def __init__(self) -> None:
        self._scopes = TargetScopes()
        self._in_scope = InScope()
        self._checked = CheckedResources()
        self._failing: dict[str, dict[ResourceKey, int]] = {}

    def look(self, known: FindingsView, hub: HubView, asked: Asked, now: int, interval: int) -> Picture:
        """Return what is known for the plan of each rule; `now` in µs, as `interval`, in which one is due."""
        rows = known.rows
        accounts, _ = rows.places()
        scopes = self._scopes.of(asked.targets, hub, accounts)
        policies, off = Protecting(asked.policies, scopes, now), TurnedOffAt(hub)
        surveyed: dict[str, Surveyed] = {}
        self._in_scope.begin(known.moments, now, interval)
        for target, scope in scopes.items():
            rules = {name: terms for name, terms in asked.rules.items() if terms.target == target}
            if rules:
                told = policies.told(namespace_of(target))
                about = Known(hub.controls, told, lambda finding: min(finding.updated_at, now), off)
                selecting = {name: terms.selecting for name, terms in rules.items()}
                gathering = Gathering(selecting, scope.scope.groups, about)
                gather(rows, gathering, scope.scope)
                for name, terms in rules.items():
                    read = namespace_of(name) not in asked.policies.unreadable
                    candidates = list(gathering.candidates(name))
                    # What may be protected is not known to be in scope.
                    in_scope = [each for each in candidates if read and _is_in_scope(each)]
                    since = self._in_scope.note(
                        known.moments, terms.rule.uid, (each.resource for each in in_scope), now
                    )
                    checked = self._checked.of(
                        rows, gathering.matcher, scope.scope, terms, len(candidates), now
                    )
                    surveyed[name] = Surveyed(
                        terms, self._remembered(name, candidates, since), since, checked, policies_read=read
                    )
        self._in_scope.end(known.moments, now)
        self._checked.keep(surveyed.keys())
        self._failing = {name: each for name, each in self._failing.items() if name in surveyed}
        return Picture(surveyed, asked.targets, scopes, hub)

    def _remembered(
        self, name: str, candidates: Iterable[Candidate], in_scope: Mapping[ResourceKey, int]
    ) -> list[Candidate]:
        """Return candidates with the earliest moment since which they are known to fail."""
        before, failing, found = self._failing.get(name, {}), dict[ResourceKey, int](), list[Candidate]()
        for each in candidates:
            key, since = each.resource, each.failing_since
            if since is not None and key in in_scope:
                failing[key] = min(since, before.get(key, since))
                found.append(each._replace(failing_since=failing[key]))
            else:
                found.append(each)
        self._failing[name] = failing
        return found


def _is_in_scope(candidate: Candidate) -> bool:
    return not (candidate.policies or candidate.suppressed or candidate.off or candidate.excepted)
