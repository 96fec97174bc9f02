"""Everything that is declared for the findings of one hub, and what it says of each of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from posture.domain.exceptions import marks
from posture.domain.exceptions.marks import Mark
from posture.domain.exceptions.notes import suppression_note
from posture.domain.exceptions.policy import Phase, Policy, Release, namespace_of
from posture.domain.findings import Check, Compliance, Finding
from posture.domain.scoring.accounts import Group
from posture.domain.selection.matcher import Cells, Matcher, Place
from posture.domain.selection.selectors import Selection
from posture.domain.standards import Controls

_SELECTING = frozenset({Phase.ENFORCING, Phase.FROZEN})
_OF_PHASE = {
    Phase.MOVED: Release.NARROWED,
    Phase.EXPIRED: Release.EXPIRED,
    Phase.DELETED: Release.DELETED,
    Phase.RETAINED: Release.RETAINED,
}


class Scope(NamedTuple):
    """What a target lets its policies select.

    `covers`: whether findings of a check in an account (by id) are its own (`View.covers`). `groups`:
    workload and environment by account id; None: they are not known. Two scopes are the same when these
    compare equal.
    """

    covers: Callable[[Check, str], bool]
    controls: Controls
    groups: Mapping[str, Group | None]


class PolicyIdentity(NamedTuple):
    """By what operators know marks as theirs: as `owner` they write, those of `adopted` they take over."""

    owner: str
    adopted: frozenset[str] = frozenset()


class TargetKnown(NamedTuple):
    """Which policies there are beside those of the hub.

    `elsewhere`: namespace/name of the policies that suppress findings of other hubs, or of no target.
    `namespaces`: those that the operator watches, None: all. Of a policy in another namespace nothing is
    known, so its marks are left alone.
    """

    elsewhere: frozenset[str] = frozenset()
    namespaces: frozenset[str] | None = None


MayWrite = Callable[[str, str], bool]
SelectedBy = Callable[[Finding], tuple[str, ...]]


class Declaration:
    """What is declared for the findings of one hub.

    `policies`: of its targets. `scopes`: by target; a policy without its target's must not be enforced, or
    all that it suppressed would be reopened. `may_write`: whether the grants of a namespace let findings of
    an account be suppressed. Of all this the lists must be complete: what is not in them does not exist.

    Raises ValueError for two policies of one name, one that is enforced without a scope, and an owner that
    marks nothing.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        scopes: Mapping[str, Scope],
        *,
        identity: PolicyIdentity,
        may_write: MayWrite,
        known: TargetKnown = TargetKnown(),  # noqa: B008 -- an immutable tuple
    ) -> None:
        listed = sorted(policies, key=lambda policy: policy.terms.policy)
        self.policies = {policy.terms.policy: policy for policy in listed}
        if len(self.policies) != len(listed):
            raise ValueError("two policies have the same name")
        lost = [p for p in listed if p.phase is Phase.ENFORCING and p.scope not in scopes]
        if lost:
            raise ValueError(f"policy {lost[0].terms.policy} is enforced without a target")
        if marks.is_nobody(identity.owner):
            raise ValueError("an operator that marks what it suppresses needs a name")
        self.scopes = dict(scopes)
        self.identity = identity
        self.known = known
        self.notes = {name: suppression_note(policy.terms) for name, policy in self.policies.items()}
        self.may_write = may_write
        self._owners = identity.adopted | {identity.owner}
        self._matchers = {
            name: Matcher(self._selections(name), scope.controls, scope.groups)
            for name, scope in self.scopes.items()
        }
        self._covering: dict[tuple[Check, str], tuple[Matcher[str], ...]] = {}
        self._permitted: dict[tuple[str, str], bool] = {}

    def _selections(self, scope: str) -> dict[str, Selection]:
        return {
            name: policy.selection
            for name, policy in self.policies.items()
            if policy.scope == scope and policy.phase in _SELECTING
        }

    def selecting(self, finding: Finding) -> tuple[str, ...]:
        """Return the policies that select a finding, whether or not they are frozen, in their order.

        A finding that passed needs no exception: none. Its record state is for the caller to look at.
        """
        return self.selected_at(finding.check, finding.account_id, finding.region)(finding)

    def selected_at(self, check: Check, account_id: str, region: str) -> SelectedBy:
        """Return `selecting` for the findings of one check, account and Region, which share most of it."""
        place = check, account_id
        matchers = self._covering.get(place)
        if matchers is None:
            matchers = self._covering[place] = tuple(
                matcher for name, matcher in self._matchers.items() if self.scopes[name].covers(*place)
            )
        if len(matchers) == 1:
            return matchers[0].selected_at(check, account_id, region)
        return partial(_any_of, [matcher.selected_at(check, account_id, region) for matcher in matchers])

    def claiming(self, finding: Finding, selecting: Iterable[str]) -> tuple[str, ...]:
        """Return those of the policies that want the finding suppressed now, and may have it written to."""
        return tuple(
            name
            for name in selecting
            if self.policies[name].phase is Phase.ENFORCING and self.permits(name, finding.account_id)
        )

    def permits(self, policy: str, account_id: str) -> bool:
        """Tell whether a policy (of the hub or not) may have findings of an account written to."""
        place = namespace_of(policy), account_id
        permitted = self._permitted.get(place)
        if permitted is None:
            permitted = self._permitted[place] = self.may_write(*place)
        return permitted

    def mark_of(self, finding: Finding) -> Mark | None:
        """Return the finding's mark when it is one of ours."""
        mark = marks.read_mark(finding.user_fields)
        return mark if mark is not None and mark.owner in self._owners else None

    def owned(self, mark: Mark, policy: str) -> Mark:
        """Return a mark as it is to be for one of the hub's policies."""
        return mark._replace(
            owner=self.identity.owner, policy=policy, retain=self.policies[policy].terms.retain
        )

    def release(self, mark: Mark, finding: Finding, selecting: Collection[str]) -> Release | None:
        """Say why the policy of a mark of ours lets go of its finding; None: it does not, or must not yet.

        A frozen policy holds what it marked. Nothing is known of policies of other hubs and of namespaces
        that nobody watches here. Without a grant nothing is written.
        """
        name = mark.policy
        if not self.permits(name, finding.account_id):
            return None
        policy = self.policies.get(name)
        if policy is None:
            return self._gone(mark)
        if policy.phase is Phase.ENFORCING:
            if name in selecting:
                return None
            return Release.PASSED if finding.compliance is Compliance.PASSED else Release.NARROWED
        return _OF_PHASE.get(policy.phase)

    def _gone(self, mark: Mark) -> Release | None:
        watched = self.known.namespaces
        if mark.policy in self.known.elsewhere or (
            watched is not None and namespace_of(mark.policy) not in watched
        ):
            return None
        return Release.RETAINED if mark.retain else Release.GONE

    def checks(self, checks: Iterable[Check], only: Collection[str] | None = None) -> set[Check]:
        """Return those checks of which policies can select findings; `only`: policies of these names."""
        return {each for matcher in self._matchers.values() for each in matcher.checks(checks, only)}

    def places(
        self, cells: Cells[Place], only: Collection[str] | None = None
    ) -> Iterator[tuple[Place, SelectedBy]]:
        """Yield where policies can select anything, of what there is, and `at` of there.

        `only`: policies of these names; None: all. A place of several targets comes once for each of them,
        with the policies of that one.
        """
        for name, matcher in self._matchers.items():
            yield from matcher.places(cells, self.scopes[name].covers, only)


def _any_of(selecting: Iterable[SelectedBy], finding: Finding) -> tuple[str, ...]:
    return tuple(sorted(name for each in selecting for name in each(finding)))


def differences(before: Declaration, after: Declaration) -> frozenset[str] | None:
    """Return the policies for which something else is declared, by name; None: everything may differ.

    Whatever a policy selected, selects now or has marked is to be surveyed again.
    """
    if (before.identity, before.known.namespaces, before.may_write) != (
        after.identity,
        after.known.namespaces,
        after.may_write,
    ):
        return None
    other_scopes = {
        name
        for name in before.scopes.keys() | after.scopes.keys()
        if before.scopes.get(name) != after.scopes.get(name)
    }
    return frozenset(
        name
        for name in before.policies.keys() | after.policies.keys()
        if before.policies.get(name) != after.policies.get(name)
        or any(side.policies[name].scope in other_scopes for side in (before, after) if name in side.policies)
    ) | (before.known.elsewhere ^ after.known.elsewhere)
