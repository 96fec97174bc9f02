"""What the rules of one hub would do, worked out from its findings. All of it runs in the hub's thread.

Looked at are the findings that did not pass in places where a rule selects something, and once more those of
the same controls and accounts: what protects one of them protects the resource.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from posture.domain.exceptions.policy import namespace_of
from posture.domain.findings import Finding
from posture.domain.remediation.candidates import Candidate, Gathering, Known, protecting
from posture.domain.remediation.journal import Journal
from posture.domain.remediation.plan import Plan, plan
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Circumstances
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import Controls
from posture.reconcile.access import Admitted
from posture.reconcile.scope import HubView, TargetScope, TargetScopes
from posture.remediation.declared import RuleTerms
from posture.remediation.gathering import checked_resources, gather
from posture.remediation.policies import Policies
from posture.remediation.since import InScope
from posture.remediation.window import opening
from posture.sources.findings_view import FindingsView


class Asked(NamedTuple):
    """What is declared for a hub: its targets, and the rules that can be planned, by namespace/name."""

    targets: Mapping[str, Admitted]
    rules: Mapping[str, RuleTerms]
    policies: Policies


class Survey:
    """Plans the rules of a hub anew at each look, and remembers since when a resource is in scope.

    A finding says when it was last looked at, and not since when it fails: it may have passed in between. So
    a resource is known to fail since the earliest copy that was seen while it was in scope without a break.
    """

    def __init__(self) -> None:
        self._scopes = TargetScopes()
        self._in_scope = InScope()
        self._failing: dict[str, dict[ResourceKey, int]] = {}

    def look(
        self, known: FindingsView, hub: HubView, asked: Asked, now: int, interval: int
    ) -> dict[str, Plan]:
        """Return the plan of each rule; `now` in µs, as `interval`, in which a look is due."""
        rows = known.rows
        accounts, _ = rows.places()
        scopes = self._scopes.of(asked.targets, hub, accounts)
        policies, off = _Protecting(asked.policies, scopes, now), _Off(hub)
        plans: dict[str, Plan] = {}
        self._in_scope.begin(known.moments, now, interval)
        for target, scope in scopes.items():
            rules = {name: terms for name, terms in asked.rules.items() if terms.target == target}
            if rules:
                told = policies.told(namespace_of(target))
                about = Known(hub.controls, told, lambda finding: min(finding.updated_at, now), off)
                selecting = {name: terms.selecting for name, terms in rules.items()}
                gathering = Gathering(selecting, scope.scope.groups, about)
                gather(rows, gathering, scope.scope, rules)
                for name, terms in rules.items():
                    read = namespace_of(name) not in asked.policies.unreadable
                    candidates = list(gathering.candidates(name))
                    # What may be protected is not known to be in scope.
                    in_scope = [each for each in candidates if read and _is_in_scope(each)]
                    since = self._in_scope.note(
                        known.moments, terms.rule.uid, (each.resource for each in in_scope), now
                    )
                    checked = checked_resources(rows, gathering.matcher, scope.scope, terms, len(candidates))
                    plans[name] = plan(
                        terms.rule,
                        self._remembered(name, candidates, since),
                        Circumstances(
                            now=now,
                            policies_read=read,
                            why_not=terms.why_not,
                            in_scope_since=since.get,
                            # No version before this one has written anything that would be in it.
                            journal=Journal(()),
                            checked=checked,
                            window=None if terms.window is None else opening(terms.window, now),
                        ),
                    )
        self._in_scope.end(known.moments, now)
        self._failing = {name: each for name, each in self._failing.items() if name in plans}
        return plans

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


class _Protecting:
    """Which policies that have not expired select a finding, of all targets of the hub.

    Those of other targets protect too: what one team has documented as an exception no other one undoes.
    """

    def __init__(self, policies: Policies, scopes: Mapping[str, TargetScope], now: int) -> None:
        self._matchers = [
            (scope.covers, protecting(policies.by_target[target], now, scope.controls, scope.groups))
            for target, scope in ((name, each.scope) for name, each in scopes.items())
            if target in policies.by_target
        ]

    def told(self, namespace: str) -> Callable[[Finding], tuple[str, ...]]:
        """Return how they are named to a namespace, which is not told of what there is in others."""

        def of(finding: Finding) -> tuple[str, ...]:
            names = (
                name
                for covers, selecting in self._matchers
                if covers(finding.check, finding.account_id)
                for name in selecting(finding)
            )
            return tuple(
                dict.fromkeys(
                    name if namespace_of(name) == namespace else "one of another namespace" for name in names
                )
            )

        return of


class _Off:
    """Whether a finding's control is turned off where it was found, in each of its standards."""

    def __init__(self, hub: HubView) -> None:
        self._controls: Controls = hub.controls
        self._home = hub.facts.account_id, hub.facts.region
        self._turned_off = hub.turned_off

    def __call__(self, finding: Finding) -> bool:
        """Look at the hub's own place, and at what policies turned off."""
        place = finding.account_id, finding.region
        pairs = self._controls.pairs_of(finding.check)
        return bool(pairs) and all(self._is_off(*pair, *place) for pair in pairs)

    def _is_off(self, standard: str, control: str, account_id: str, region: str) -> bool:
        if TurnedOff(standard, control, account_id, region) in self._turned_off:
            return True
        known = self._controls.standards.get(standard)
        association = known.controls.get(control) if known else None
        return (account_id, region) == self._home and association is not None and not association.enabled
