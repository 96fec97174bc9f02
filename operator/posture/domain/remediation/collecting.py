"""The resources that rules select, each once, whatever number of findings, standards and Regions name it.

What counts are ACTIVE findings that did not pass, whatever their workflow says: one that was set to RESOLVED
and fails again keeps both (Security Hub user guide, "Workflow status").

The cost is that of the findings that are put in; what is kept is bounded for each resource.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from posture.domain.exceptions.policy import is_active
from posture.domain.findings import Finding, RecordState, Resource
from posture.domain.remediation.candidates import Candidate, Collected, FindingFacts
from posture.domain.remediation.resources import Located, ResourceKey, WorksOn, is_global, located
from posture.domain.scoring.accounts import Group
from posture.domain.selection.matcher import Matcher
from posture.domain.selection.selectors import Selection
from posture.domain.standards import Controls

_NOTHING = Resource("", "")


class Selecting(NamedTuple):
    """What a rule selects, and what its action works on."""

    selection: Selection
    works_on: WorksOn


class Known(NamedTuple):
    """What is known of findings beside what they say."""

    controls: Controls
    """Of the hub."""
    policies: Callable[[Finding], tuple[str, ...]] | None
    """Which policies that have not expired select a finding, as `protecting` makes it; None: they could not
    be read, and so no candidate names one."""
    failing_since: Callable[[Finding], int | None]
    """Since when a finding fails; None: unknown."""
    off: Callable[[Finding], bool]
    """Whether its control is turned off where it was found."""
    turned_at: Callable[[Finding], int | None] = lambda _: None
    """When a finding was seen to turn from right to wrong; None: nobody saw that."""


class PolicyProtection(NamedTuple):
    """What a policy excepts, whether it is suspended, stalled, a dry run, or none of these.

    For one that turns controls off: a selection of these controls, standards, accounts and Regions.
    """

    selection: Selection
    expires_at: int


def protecting(
    policies: Mapping[str, PolicyProtection], now: int, controls: Controls, groups: Mapping[str, Group | None]
) -> Callable[[Finding], tuple[str, ...]]:
    """Return how the policies are told that select a finding and have not expired.

    Those that may select it too, where the workload of its account is not known.
    """
    active = {name: policy.selection for name, policy in policies.items() if is_active(policy, now)}
    return Matcher(active, controls, groups, doubtful=True)


class Beside(NamedTuple):
    """Where findings of a resource may be. `control`: upper-cased; `region`: None: any."""

    control: str
    account_id: str
    region: str | None


class Gathering:
    """Collects the candidates of all rules of a target from its findings, each of which is put in once."""

    def __init__(
        self, rules: Mapping[str, Selecting], groups: Mapping[str, Group | None], known: Known
    ) -> None:
        selections = {name: rule.selection for name, rule in rules.items()}
        self.matcher = Matcher(
            {name: Selection(each.match) for name, each in selections.items()}, known.controls, groups
        )
        """Which rules select a finding, excepted or not; to put in only findings of `matcher.places`."""
        # Apart, so that what is excepted is told, and looked at only where something is selected.
        self._excepting = Matcher(
            {name: Selection(each.exceptions) for name, each in selections.items() if each.exceptions},
            known.controls,
            groups,
            doubtful=True,
        )
        self._rules = rules
        self._known = known
        self._found: dict[str, dict[ResourceKey, Collected]] = {name: {} for name in rules}
        self._index: dict[tuple[str, str, str], list[tuple[str, ResourceKey]]] | None = None

    def add(self, finding: Finding, selecting: Sequence[str] | None = None) -> None:
        """Put in a finding. `selecting`: what the matcher said of it; None: it is asked."""
        if finding.record_state is not RecordState.ACTIVE:
            return
        selecting = self.matcher(finding) if selecting is None else selecting
        if not selecting:
            return
        excepting = frozenset(self._excepting(finding))
        said = self._said(finding)
        self._index = None
        for rule in selecting:
            collected = self._found[rule]
            for (key, refusal), tags in self._resources(rule, finding):
                one = collected.get(key)
                if one is None:
                    one = collected[key] = Collected()
                one.refuse(refusal)
                one.add(finding, said, tags, excepted=rule in excepting)

    def add_beside(self, finding: Finding) -> None:
        """Put in a finding that a rule may not select: what protects it protects a candidate of its control.

        One setting has a finding in each Region and standard. All candidates must have been put in before.
        A finding that was put in as one is put in here too: it may name other candidates beside its own.
        """
        if finding.record_state is not RecordState.ACTIVE:
            return
        said: FindingFacts | None = None
        for resource in finding.resources:
            for rule, key in self._by_id().get((finding.account_id, resource.type, resource.id), ()):
                if located(finding, resource, self._rules[rule].works_on).key == key:
                    said = said or self._said(finding)
                    one = self._found[rule][key]
                    if not one.controls.isdisjoint(said.controls):
                        one.protect(finding, said)
                        one.tags.update(resource.tags)

    def places_beside(self) -> set[Beside]:
        """Return where findings may be that protect a candidate: of its controls, where it can be found."""
        return {
            Beside(
                control.upper(),
                key.account_id,
                None if is_global(key.type, self._rules[rule].works_on) else key.region,
            )
            for rule, collected in self._found.items()
            for key, one in collected.items()
            for control in one.controls
        }

    def candidates(self, rule: str) -> Iterator[Candidate]:
        """Yield the candidates of a rule, in no order."""
        for key, collected in self._found[rule].items():
            yield collected.candidate(key)

    def _said(self, finding: Finding) -> FindingFacts:
        known = self._known
        spelled = known.controls.spelled
        controls = tuple(
            dict.fromkeys(spelled(control) for _, control in known.controls.pairs_of(finding.check))
        )
        policies = known.policies(finding) if known.policies else ()
        return FindingFacts(
            controls, policies, known.failing_since(finding), known.off(finding), known.turned_at(finding)
        )

    def _by_id(self) -> dict[tuple[str, str, str], list[tuple[str, ResourceKey]]]:
        """Return whose candidates there are by account, type and Id."""
        if self._index is None:
            self._index = {}
            for rule, collected in self._found.items():
                for key in collected:
                    self._index.setdefault((key.account_id, key.type, key.id), []).append((rule, key))
        return self._index

    def _resources(self, rule: str, finding: Finding) -> Iterable[tuple[Located, set[tuple[str, str]]]]:
        """Return those resources of a finding that the rule selects and its action works on, each once.

        With their tags. Where it works on none, the first one with the reason: the finding must not vanish
        from the plan.
        """
        works_on = self._rules[rule].works_on
        found: dict[Located, set[tuple[str, str]]] = {}
        for resource in finding.resources or (_NOTHING,):
            if self._selects(rule, finding, resource):
                found.setdefault(located(finding, resource, works_on), set()).update(resource.tags)
        fitting = [each for each in found.items() if each[0].key.type in works_on.types]
        return fitting or list(found.items())[:1]

    def _selects(self, rule: str, finding: Finding, resource: Resource) -> bool:
        """Whether what is asked of a resource holds for the very one that would be written to."""
        if len(finding.resources) <= 1:
            return True
        return rule in self.matcher(finding._replace(resources=(resource,)))
