import re

import pytest

from posture.api.patterns import compile_pattern
from posture.domain.organization import (
    AccountState,
    KnownOrganization,
    OrganizationAccount,
    TagKeys,
    state_of,
)
from posture.domain.scoring.accounts import Group, Grouping, NamePattern

ANCHORED = "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"
UNANCHORED = "xebia-(?P<workload>.+)-(?P<environment>[^-]+)"
ENGINES: dict[str, NamePattern] = {
    "re": re.compile(ANCHORED),
    "re unanchored": re.compile(UNANCHORED),
    "re2": compile_pattern(ANCHORED),
    "re2 unanchored": compile_pattern(UNANCHORED),
}


def own_workload(name: str) -> Group:
    return Group(name, "production", matched=False)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("xebia-shop-prod", Group("shop", "prod")),
        ("xebia-web-shop-prod", Group("web-shop", "prod")),
        ("xebia-Ünïcode-prod", Group("Ünïcode", "prod")),
        ("xebia-shop-prod-", own_workload("xebia-shop-prod-")),
        ("my-xebia-shop-prod", own_workload("my-xebia-shop-prod")),
        ("Xebia-shop-prod", own_workload("Xebia-shop-prod")),
        ("xebia--prod", own_workload("xebia--prod")),
        ("", own_workload("111111111111")),
        (None, own_workload("111111111111")),
    ],
)
def test_the_whole_name_decides(engine: str, name: str | None, group: Group) -> None:
    assert Grouping(ENGINES[engine]).group_of("111111111111", name) == group


def test_an_override_goes_before_the_name() -> None:
    grouping = Grouping(
        ENGINES["re2"],
        default_environment="live",
        overrides={"111111111111": ("network", "shared"), "222222222222": ("network", None)},
    )
    assert grouping.group_of("111111111111", "xebia-shop-prod") == Group("network", "shared")
    assert grouping.group_of("222222222222", None) == Group("network", "live")
    assert grouping.group_of("333333333333", "other") == Group("other", "live", matched=False)


def test_a_part_that_took_no_part_in_the_match_has_the_default() -> None:
    optional = compile_pattern("(?P<workload>[a-z]*)(-(?P<environment>[a-z]+))?")
    assert Grouping(optional).group_of("1", "shop") == Group("shop", "production")
    assert Grouping(optional).group_of("1", "-prod") == own_workload("-prod")


def test_without_a_pattern_nothing_is_unmatched() -> None:
    assert Grouping().group_of("1", "shop") == Group("shop", "production", matched=True)
    assert Grouping(default_environment="live").group_of("1", None) == Group("1", "live", matched=True)


KEYS = TagKeys("Workload", "Environment", "Owner")


@pytest.mark.parametrize(
    ("tags", "group"),
    [
        ({"Workload": "pay", "Environment": "dev"}, Group("pay", "dev")),
        ({"Workload": "pay"}, Group("pay", "prod")),
        ({"Environment": "dev"}, Group("shop", "dev")),
        ({"Workload": "", "Environment": ""}, Group("shop", "prod")),
        ({"workload": "pay"}, Group("shop", "prod")),
        ({}, Group("shop", "prod")),
    ],
)
def test_tags_go_before_the_name_each_for_itself(tags: dict[str, str], group: Group) -> None:
    known = KnownOrganization({}, {"1": tags})
    grouping = Grouping(ENGINES["re2"], tag_keys=KEYS, organization=known)
    assert grouping.group_of("1", "xebia-shop-prod") == group


def test_a_group_is_not_known_while_tags_that_may_tell_it_are_not() -> None:
    for keys in (TagKeys(workload="w"), TagKeys(environment="e")):
        grouping = Grouping(ENGINES["re2"], tag_keys=keys, overrides={"2": ("network", None)})
        assert grouping.group_of("1", "xebia-shop-prod") is None
        assert grouping.group_of("2", "xebia-shop-prod") == Group("network", "production")
    owned = Grouping(ENGINES["re2"], tag_keys=TagKeys(owner="Owner"))
    assert owned.group_of("1", "xebia-shop-prod") == Group("shop", "prod")
    assert not owned.owner_of("1")


def test_the_organization_knows_names_better_than_findings() -> None:
    known = KnownOrganization({"1": OrganizationAccount("xebia-shop-prod", None)})
    grouping = Grouping(ENGINES["re2"], organization=known)
    assert grouping.group_of("1", "xebia-old-dev") == Group("shop", "prod")
    assert grouping.group_of("2", "xebia-old-dev") == Group("old", "dev")


@pytest.mark.parametrize(
    ("state", "status", "read"),
    [
        ("CLOSED", "SUSPENDED", AccountState.CLOSED),
        ("ACTIVE", None, AccountState.ACTIVE),
        (None, "SUSPENDED", AccountState.SUSPENDED),
        ("", "ACTIVE", AccountState.ACTIVE),
        ("SLEEPING", "SUSPENDED", None),
        (None, None, None),
    ],
)
def test_the_retired_status_is_read_only_without_a_state(
    state: str | None, status: str | None, read: AccountState | None
) -> None:
    assert state_of(state, status) is read
    known = KnownOrganization({"1": OrganizationAccount("a", read)})
    assert known.is_unusable("1") == (read not in {AccountState.ACTIVE, None})
