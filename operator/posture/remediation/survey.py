"""What the rules of one hub select, worked out from its findings. All of it runs in the hub's thread.

Looked at are the findings that did not pass in places where a rule selects something, and once more those of
the same controls and accounts: what protects one of them protects the resource.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from posture.domain.exceptions.policy import namespace_of
from posture.domain.failing import FAILING
from posture.domain.findings import Finding, FindingId
from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.collecting import Gathering, Known
from posture.domain.remediation.history import Undisturbed
from posture.domain.remediation.plan import candidate_order
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Rule
from posture.reconcile.access import Admitted
from posture.reconcile.scope import HubView, TargetScope, TargetScopes
from posture.remediation.declared import RuleTerms
from posture.remediation.gathering import CheckedResources, gather
from posture.remediation.histories import MOST_AT_ONCE, NOTHING_ASKED, Answers, Questionable
from posture.remediation.policies import Policies
from posture.remediation.protection import Protecting, TurnedOffAt
from posture.remediation.since import InScope
from posture.sources.findings_view import FindingsView
from posture.store.records import key_of


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
    questions: tuple[Questionable, ...] = ()
    """Findings whose histories would tell more of what waits for nothing but its delay, the worst first."""
    watched_since: int | None = None
    """The first of the looks that followed each other up to this one without a break (µs)."""


class _Since(NamedTuple):
    """Since when resources are in scope (µs), and of which findings more must be known to tell it better."""

    in_scope: Mapping[ResourceKey, int]
    questions: Sequence[Questionable]


class Survey:
    """Looks at what rules of a hub select, and remembers since when a resource is in scope.

    A finding is known to fail since the first of the copies that show nothing else. What happened to it in
    Security Hub while nobody watched its history tells; until that is known a resource is in scope since
    somebody watches.
    """

    def __init__(self) -> None:
        self._scopes = TargetScopes()
        self._in_scope = InScope()
        self._checked = CheckedResources()

    def look(
        self,
        known: FindingsView,
        hub: HubView,
        asked: Asked,
        now: int,
        interval: int,
        answers: Answers = NOTHING_ASKED,
    ) -> Picture:
        """Return what is known for the plan of each rule; `now` in µs, as `interval`, in which one is due."""
        rows = known.rows
        accounts, _ = rows.places()
        scopes = self._scopes.of(asked.targets, hub, accounts)
        policies, off = Protecting(asked.policies, scopes, now), TurnedOffAt(hub)
        surveyed: dict[str, Surveyed] = {}
        questions: list[Questionable] = []
        self._in_scope.begin(known.moments, now, interval)
        watched = self._in_scope.watched_since
        histories = answers.told if answers.watched == watched else {}
        for target, scope in scopes.items():
            rules = {name: terms for name, terms in asked.rules.items() if terms.target == target}
            if rules:
                told = policies.told(namespace_of(target))
                about = Known(
                    hub.controls, told, lambda finding: _failing_since(finding, now), off, _turned_at
                )
                selecting = {name: terms.selecting for name, terms in rules.items()}
                gathering = Gathering(selecting, scope.scope.groups, about)
                gather(rows, gathering, scope.scope)
                for name, terms in rules.items():
                    read = namespace_of(name) not in asked.policies.unreadable
                    candidates = list(gathering.candidates(name))
                    # What may be protected is not known to be in scope.
                    in_scope = [each for each in candidates if read and _is_in_scope(each)]
                    since = self._since(known, terms.rule, in_scope, histories, now)
                    questions += since.questions
                    checked = self._checked.of(
                        rows, gathering.matcher, scope.scope, terms, len(candidates), now
                    )
                    surveyed[name] = Surveyed(terms, candidates, since.in_scope, checked, policies_read=read)
        self._in_scope.end(known.moments, now)
        self._checked.keep(surveyed.keys())
        return Picture(surveyed, asked.targets, scopes, hub, tuple(questions), watched)

    def _since(
        self,
        known: FindingsView,
        rule: Rule,
        candidates: Sequence[Candidate],
        histories: Mapping[FindingId, Undisturbed],
        now: int,
    ) -> "_Since":
        """Return since when candidates, which are all that are in scope of a rule now, have been."""
        noted = self._in_scope.note(known.moments, rule.uid, (each.resource for each in candidates), now)
        watched = self._in_scope.watched_since or now
        in_scope, doubtful = dict(noted), list[Candidate]()
        for each in candidates:
            since = noted[each.resource]
            if since >= watched:
                continue
            told = _told(each, histories)
            if told is not None:
                in_scope[each.resource] = max(since, told)
                self._in_scope.correct(rule.uid, each.resource, in_scope[each.resource])
                continue
            in_scope[each.resource] = watched
            failing = now if each.failing_since is None else each.failing_since
            if max(since, failing) + rule.delay <= now < watched + rule.delay and each.refusal is None:
                doubtful.append(each)
        doubtful.sort(key=candidate_order)
        return _Since(in_scope, list(_questions(known, doubtful, histories)))


def _is_in_scope(candidate: Candidate) -> bool:
    return not (candidate.policies or candidate.suppressed or candidate.off or candidate.excepted)


def _failing_since(finding: Finding, now: int) -> int:
    """Return since when a finding is known to fail; one that Security Hub cannot tell of, only now."""
    if finding.compliance not in FAILING:
        return now
    return min(finding.updated_at if finding.failing is None else finding.failing.seen, now)


def _turned_at(finding: Finding) -> int | None:
    """Return when a finding was seen to turn: one that failed when it was first read may always have."""
    failing = finding.failing
    return None if failing is None or failing.since != failing.seen else failing.seen


def _told(candidate: Candidate, histories: Mapping[FindingId, Undisturbed]) -> int | None:
    """Return since when a resource fails and is open by the histories of all its findings; None: unknown."""
    told = [histories.get(FindingId(each.product_arn, each.id)) for each in candidate.findings]
    known = [each for each in told if each is not None]
    if len(known) < candidate.total:
        return None
    return max(*(each.open_since for each in known), min(each.failing_since for each in known))


def _questions(
    known: FindingsView, candidates: Sequence[Candidate], histories: Mapping[FindingId, Undisturbed]
) -> Iterator[Questionable]:
    """Yield the findings whose histories would tell more, of the worst candidates first."""
    wanted = [
        each
        for candidate in candidates[:MOST_AT_ONCE]
        if candidate.total == len(candidate.findings)
        for each in candidate.findings
        if FindingId(each.product_arn, each.id) not in histories
    ]
    keys = {key_of(each.product_arn, each.id) for each in wanted}
    created = {each.id: each.created_at for each in known.rows.read_findings(keys)}
    for each in wanted:
        if each.id in created:
            yield Questionable(FindingId(each.product_arn, each.id), created[each.id])
