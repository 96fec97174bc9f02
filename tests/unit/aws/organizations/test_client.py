"""Answers of Organizations that are none: nothing is concluded from what they lack."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from posture.aws.client.calls import Answer
from posture.aws.client.errors import MalformedResponse, Retryable
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.organizations.client import Organizations

OWN = "111122223333"


class Pages:
    """Stands for `Calls`: these pages in turn, over and over."""

    service = "organizations"

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self._pages = pages
        self._asked = 0

    async def call(self, operation: str, parameters: Mapping[str, Any], **_: Any) -> Answer:
        assert parameters
        assert operation
        page = self._pages[self._asked % len(self._pages)]
        self._asked += 1
        return Answer(dict(page), 0, 0.0)


class Caller:
    """Stands for `Sessions`: who asks."""

    async def account(self, _: Identity) -> str:
        return OWN


def answering(*pages: Mapping[str, Any]) -> Organizations:
    made = Organizations(
        cast("Sessions", Caller()), Identity(None, None, "eu-west-1"), Limiters(1.0), Usage()
    )
    made._calls = cast("Any", Pages(*pages))
    return made


def accounts(*ids: str) -> dict[str, Any]:
    return {"Accounts": [{"Id": each, "Name": each} for each in ids]}


@pytest.mark.parametrize("page", [{}, accounts(), accounts("444455556666"), {"NextToken": "x"}])
async def test_a_list_without_the_caller_is_not_the_organization(page: dict[str, Any]) -> None:
    with pytest.raises(MalformedResponse):
        await answering(page).accounts()


async def test_a_list_that_lacks_something_each_second_time_is_not_believed() -> None:
    first = {**accounts(OWN), "NextToken": "x"}
    organizations = answering(first, accounts("444455556666"), first, accounts())
    with pytest.raises(Retryable, match="changes each time"):
        await organizations.accounts()


async def test_a_list_is_believed_when_two_readings_agree() -> None:
    first = {**accounts(OWN), "NextToken": "x"}
    organizations = answering(
        first, accounts(), first, accounts("444455556666"), first, accounts("444455556666")
    )
    assert (await organizations.accounts()).keys() == {OWN, "444455556666"}


async def test_an_answer_without_tags_is_not_an_account_without_tags() -> None:
    with pytest.raises(MalformedResponse):
        await answering({}).tags_if_member(OWN)
    assert await answering({"Tags": []}).tags_if_member(OWN) == {}
