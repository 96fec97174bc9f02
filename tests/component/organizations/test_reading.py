"""What is known of an organization, while its calls are denied, throttled and spoilt."""

import json

import pytest

from posture.aws.organizations.client import Organizations
from posture.domain.time import HOUR
from posture.hubs.organization import BELIEVED, OrganizationStatus
from sandbox.cloud import MANAGEMENT, Cloud
from tests.support.organization import ADMINISTRATOR, MEMBERS, Kept, Later, demand, member, reading

SOME = ("444455500001", "444455500002", "444455500003")
FEW = demand(include=SOME)


def knows(*accounts: str) -> "Knows":
    return Knows(frozenset(accounts))


class Knows:
    """Whether the tags of these accounts are known, and of no other."""

    def __init__(self, accounts: frozenset[str]) -> None:
        self._accounts = accounts

    def __call__(self, status: OrganizationStatus) -> bool:
        return status.known.tags.keys() == self._accounts


async def test_tags_of_those_are_read_who_are_asked_for_and_only_those_tags(
    cloud: Cloud, organizations: Organizations, kept: Kept
) -> None:
    cloud.meddle("tags", service="organizations", operation="ListTagsForResource", count=0)
    demands = demand(include=SOME[:1]), demand("workload", include=("4444*2",), granted=SOME[1:])
    async with reading(organizations, kept, *demands, members=("777777777777",)) as (_, told):
        status = await told.until(knows(*SOME[:2]))
    assert status.known.accounts.keys() == {MANAGEMENT, *MEMBERS}
    assert status.known.tags == {SOME[0]: {"workload": "shop-01"}, SOME[1]: {"workload": "shop-02"}}
    assert not status.errors
    stored = "".join(kept.findings.kept.states("organization ").values())
    assert "hidden" not in stored
    assert json.loads(stored)


async def test_an_account_of_nobodys_has_no_tags(organizations: Organizations, kept: Kept) -> None:
    stranger = "777777777777"
    async with reading(organizations, kept, demand(include=(stranger,)), members=(stranger,)) as (_, told):
        status = await told.until(knows(stranger))
    assert status.known.tags == {stranger: {}}


@pytest.mark.parametrize("code", ["AccessDeniedException", "AWSOrganizationsNotInUseException"])
async def test_what_may_not_be_read_is_not_known_until_it_may(
    cloud: Cloud, organizations: Organizations, kept: Kept, code: str
) -> None:
    cloud.meddle("fault", service="organizations", operation="ListTagsForResource", code=code)
    async with reading(organizations, kept, FEW) as (one, told):
        status = await told.until(lambda status: bool(status.errors))
        assert not status.known.tags
        assert [error.code for error in status.errors] == [code]
        cloud.lift("fault")
        one.hurry()
        status = await told.until(knows(*SOME))
        assert not status.errors


async def test_tags_are_known_where_accounts_may_not_be_listed(
    cloud: Cloud, organizations: Organizations, kept: Kept
) -> None:
    cloud.meddle(
        "fault", service="organizations", operation="ListAccounts", code="AccessDeniedException", after=1
    )
    async with reading(organizations, kept, FEW, members=SOME) as (_, told):
        status = await told.until(knows(*SOME))
        assert not status.known.accounts
        assert [error.operation for error in status.errors] == ["ListAccounts"]


async def test_one_account_that_cannot_be_read_holds_up_no_other(
    cloud: Cloud, organizations: Organizations, kept: Kept
) -> None:
    cloud.meddle("fault", service="organizations", mentions=SOME[1], code="ServiceException")
    async with reading(organizations, kept, FEW) as (one, told):
        status = await told.until(lambda status: bool(status.errors))
        assert status.known.tags.keys() == {SOME[0], SOME[2]}
        cloud.lift("fault")
        one.hurry()
        await told.until(knows(*SOME))


async def test_changed_tags_are_read_again_when_they_are_an_hour_old_or_somebody_asks(
    cloud: Cloud, organizations: Organizations, kept: Kept
) -> None:
    later = Later(organizations)

    def tag(value: str) -> None:
        cloud.join_organization([member(each, tags={"workload": value}) for each in SOME])

    async with reading(later, kept, FEW) as (one, told):
        await told.until(knows(*SOME))
        tag("first")
        one.look()
        later.ahead = HOUR
        one.look()
        await told.until(lambda status: status.known.tags[SOME[0]] == {"workload": "first"})
        tag("second")
        one.hurry()
        await told.until(lambda status: status.known.tags[SOME[2]] == {"workload": "second"})


async def test_what_was_read_is_kept_and_believed_for_a_day(
    cloud: Cloud, organizations: Organizations, kept: Kept
) -> None:
    async with reading(organizations, kept, FEW) as (_, told):
        before = (await told.until(knows(*SOME))).known
    cloud.meddle("fault", service="organizations", code="AccessDeniedException")
    later = Later(organizations, 23 * HOUR)
    async with reading(later, kept, FEW) as (one, told):
        status = await told.until(lambda status: bool(status.errors))
        assert status.known[:2] == before[:2]
        later.ahead = BELIEVED + HOUR
        one.hurry()
        status = await told.until(lambda status: not status.known.tags)
        assert not status.known.accounts
        assert status.errors


async def test_other_keys_are_read_before_anything_is_said_of_them(
    cloud: Cloud, organizations: Organizations, kept: Kept
) -> None:
    async with reading(organizations, kept, FEW) as (one, told):
        await told.until(knows(*SOME))
        cloud.meddle("fault", service="organizations", code="AccessDeniedException")
        one.ask([demand("workload", "Secret", include=SOME)])
        await told.until(lambda status: not status.known.tags)
        cloud.lift("fault")
        one.hurry()
        status = await told.until(knows(*SOME))
        assert status.known.tags[SOME[0]] == member(SOME[0])["tags"]
    assert ADMINISTRATOR not in status.known.tags
