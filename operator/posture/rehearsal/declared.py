"""Everything that is declared, as the operator would list it, and what of it concerns one hub."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from posture.config.model import Config
from posture.domain.exceptions.declaration import PolicyIdentity
from posture.hubs.demand import Demand, HubKey
from posture.kube.resources import (
    POSTURE_TARGETS,
    REMEDIATION_RULES,
    REMEDIATIONS,
    SUPPRESSION_POLICIES,
    Object,
    name_of,
    target_name_of,
)
from posture.reconcile.access import Admitted, admit_all
from posture.reconcile.declared import Admissions, targets_of
from posture.reconcile.scope import demand_of
from posture.remediation.declared import DeclaredRule, declare_rule
from posture.remediation.hub import HubRules
from posture.remediation.policies import Policies, PolicyReader
from posture.suppression.declared import Declared, declare_policy
from posture.suppression.policy_reconciler import HubPolicies
from posture.suppression.suppression import hub_policies


class Operator(NamedTuple):
    """The operator that would find what is declared: its configuration, its marks, what it watches.

    `namespaces`: None: all.
    """

    config: Config
    identity: PolicyIdentity
    namespaces: frozenset[str] | None


@dataclass(frozen=True)
class Everything:
    """All objects of our kinds, whole lists of them. `now`: µs."""

    objects: Sequence[Object]
    operator: Operator
    now: int

    @cached_property
    def admissions(self) -> Admissions:
        """Give the targets by namespace/name, each with whether it is evaluated."""
        documents = self.of_kind(POSTURE_TARGETS.kind)
        admitted = admit_all(documents, self.operator.config)
        return {name_of(each): (each, found) for each, found in zip(documents, admitted, strict=True)}

    @cached_property
    def policies(self) -> Sequence[Declared]:
        """Give the policies."""
        config, documents = self.operator.config, self.of_kind(SUPPRESSION_POLICIES.kind)
        return [declare_policy(each, self.admissions, config, self.now) for each in documents]

    @cached_property
    def rules(self) -> Sequence[DeclaredRule]:
        """Give the rules."""
        config, documents = self.operator.config, self.of_kind(REMEDIATION_RULES.kind)
        return [declare_rule(each, self.admissions, config) for each in documents]

    @cached_property
    def protecting(self) -> Policies:
        """Give the policies as what protects from remediation."""
        return PolicyReader().read(self.of_kind(SUPPRESSION_POLICIES.kind))

    def of_kind(self, kind: str) -> list[Object]:
        """Return the objects of a kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def targets_at(self, key: HubKey) -> Mapping[str, tuple[Object, Admitted]]:
        """Return the targets that look at a hub, by namespace/name."""
        return targets_of(self.admissions, key)

    def policies_at(self, key: HubKey, *, suppressing: bool) -> HubPolicies:
        """Return the policies of a hub that suppress findings, or those that turn controls off."""
        return hub_policies(key, self.policies, self.targets_at(key), suppressing=suppressing)

    def rules_at(self, key: HubKey) -> HubRules:
        """Return the rules of a hub."""
        targets = {name: admitted for name, (_, admitted) in self.targets_at(key).items()}
        return HubRules(
            [each for each in self.rules if each.hub == key],
            targets,
            self.protecting,
            [each for each in self.of_kind(REMEDIATIONS.kind) if target_name_of(each) in targets],
        )

    def demands_at(self, key: HubKey) -> list[Demand]:
        """Return what targets ask of a hub; one that is suspended asks for nothing."""
        targets = [admitted for _, admitted in self.targets_at(key).values()]
        return [demand_of(each) for each in targets if not each.target.spec.suspend]

    def hubs_of(self, targets: Iterable[str]) -> dict[HubKey, None]:
        """Return the hubs of these targets, and those in which their policies are to be undone."""
        wanted = frozenset(targets)
        found: dict[HubKey, None] = {}
        for name in sorted(wanted & self.admissions.keys()):
            _, admission = self.admissions[name]
            if isinstance(admission, Admitted):
                found[admission.hub] = None
        for each in self.policies:
            if each.scope in wanted:
                found |= dict.fromkeys([*([each.home] if each.home else []), *each.moved_from])
        return found
