"""While the tags of an account are not known nothing follows for what selects by its workload."""

from dataclasses import replace
from typing import cast

import pytest

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.domain.exceptions.policy import Phase, Policy, Terms
from posture.domain.organization import KnownOrganization
from posture.domain.scoring.accounts import Group
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls, Standard
from posture.hubs.demand import HubKey, OrganizationKey
from posture.hubs.organization import OrganizationStatus
from posture.reconcile.access import Admitted
from posture.reconcile.scope import HubView, TargetScope, TargetScopes
from posture.suppression.findings.reconcile import _standing
from tests.support.hub_facts import ACCOUNT, facts

KEY = OrganizationKey(None, None)
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
EXCLUDED = "999999999999"
SHOP, DEV = Selector(workloads=("shop",)), Selector(environments=("dev",))
BUCKETS = Selector(controls=("S3.1",))
CONTROLS = Controls({})
HUB = facts(Standard(FSBP, "arn", {}))
TARGET = {
    "metadata": {"name": "t", "namespace": "ns"},
    "spec": {
        "aws": {"region": "eu-west-1"},
        "source": {"securityStandards": {"standards": [FSBP]}},
        "accounts": {"exclude": [EXCLUDED]},
        "grouping": {"organizationTags": {"workloadKey": "w"}, "defaultEnvironment": "live"},
    },
}


def scope(scopes: TargetScopes, known: KnownOrganization) -> TargetScope:
    admitted = Admitted(
        parse(PostureTarget, TARGET), HubKey(None, None, "eu-west-1"), ("*",), organization=KEY
    )
    view = HubView(HUB, CONTROLS, {}, organizations={KEY: OrganizationStatus(known)})
    return scopes.of({"ns/t": admitted}, view, [ACCOUNT, EXCLUDED])["ns/t"]


def test_groups_are_known_when_those_of_all_accounts_of_the_target_are() -> None:
    scopes = TargetScopes()
    unread = scope(scopes, KnownOrganization(version=1))
    assert unread.scope.groups == {ACCOUNT: None, EXCLUDED: None}
    assert not unread.grouped
    read = scope(scopes, KnownOrganization({}, {ACCOUNT: {"w": "shop"}}, 2))
    assert read.scope.groups == {ACCOUNT: Group("shop", "live"), EXCLUDED: None}
    assert read.grouped
    assert scope(scopes, KnownOrganization({}, {ACCOUNT: {"w": "shop"}}, 2)) is read


@pytest.mark.parametrize(
    ("selection", "frozen"),
    [
        (Selection((SHOP,)), True),
        (Selection((BUCKETS,), (DEV,)), True),
        (Selection((BUCKETS, SHOP)), True),
        (Selection((BUCKETS,)), False),
    ],
)
def test_a_policy_that_selects_by_groups_is_frozen_until_they_are_known(
    selection: Selection, *, frozen: bool
) -> None:
    policy = Policy(cast("Terms", None), Phase.ENFORCING, "ns/t", selection, 100)
    unread = scope(TargetScopes(), KnownOrganization(version=1))
    read = scope(TargetScopes(), KnownOrganization({}, {ACCOUNT: {}}, 2))
    assert _standing(policy, unread).phase is (Phase.FROZEN if frozen else Phase.ENFORCING)
    assert _standing(policy, read) is policy
    # Its end is not put off.
    expired = replace(policy, phase=Phase.EXPIRED)
    assert _standing(expired, unread) is expired
