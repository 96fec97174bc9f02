"""Accounts and tags as Organizations answers them: whole, or not at all."""

import pytest

from posture.aws.client.errors import AccessDenied, Terminal
from posture.aws.client.sessions import Sessions
from posture.aws.organizations.client import Organizations
from posture.domain.organization import AccountState
from sandbox.cloud import MANAGEMENT, Cloud
from tests.component.organizations.conftest import as_role
from tests.support.organization import ADMINISTRATOR, MEMBERS, member

CLOSED = MEMBERS[5]


async def test_accounts_are_read_over_all_pages_with_their_states(
    cloud: Cloud, organizations: Organizations
) -> None:
    cloud.join_organization([member(CLOSED, state="CLOSED", path="ou-a/ou-b")])
    accounts = await organizations.accounts()
    assert accounts.keys() == {MANAGEMENT, *MEMBERS}
    assert accounts[CLOSED].name == f"acme-{CLOSED}"
    assert {id_ for id_, each in accounts.items() if each.state is not AccountState.ACTIVE} == {CLOSED}
    assert accounts[CLOSED].state is AccountState.CLOSED
    organization, root, *units = accounts[CLOSED].path.split("/")
    assert organization.startswith("o-")
    assert root.startswith("r-")
    assert units == ["ou-a", "ou-b", CLOSED]


async def test_the_management_account_may_ask_too(cloud: Cloud, sessions: Sessions) -> None:
    del cloud
    assert len(await as_role(sessions, MANAGEMENT).accounts()) == 30


async def test_a_member_that_administers_nothing_is_told_who_may_ask(sessions: Sessions) -> None:
    with pytest.raises(AccessDenied, match="management account"):
        await as_role(sessions, MEMBERS[3]).accounts()


async def test_an_account_without_an_organization_is_told_so(sessions: Sessions) -> None:
    with pytest.raises(Terminal, match="in no organization"):
        await as_role(sessions, "777777777777").accounts()


async def test_tags_of_a_member_are_read_and_a_stranger_has_none(organizations: Organizations) -> None:
    assert await organizations.tags_if_member(MEMBERS[1]) == member(MEMBERS[1])["tags"]
    assert await organizations.tags_if_member("777777777777") is None
    with pytest.raises(Terminal, match="TargetNotFoundException"):
        await organizations.tags("777777777777")


@pytest.mark.parametrize("answer", ["lost", "truncated", "html"])
async def test_a_page_that_is_spoilt_is_read_again(
    cloud: Cloud, organizations: Organizations, answer: str
) -> None:
    cloud.meddle("fault", service="organizations", operation="ListAccounts", after=1, count=1, answer=answer)
    assert len(await organizations.accounts()) == 30
    assert cloud.met("fault") == 1


async def test_throttling_is_waited_out(cloud: Cloud, organizations: Organizations) -> None:
    cloud.meddle("fault", service="organizations", count=2, code="TooManyRequestsException")
    assert len(await organizations.accounts()) == 30
    assert cloud.met("fault") == 2


@pytest.mark.parametrize("after", [0, 1, 2])
async def test_of_a_list_that_breaks_off_nothing_is_believed(
    cloud: Cloud, organizations: Organizations, after: int
) -> None:
    cloud.meddle(
        "fault", service="organizations", operation="ListAccounts", after=after, code="AccessDeniedException"
    )
    with pytest.raises(AccessDenied, match=ADMINISTRATOR):
        await organizations.accounts()
