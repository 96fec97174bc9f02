"""GetFindings as a boto3 client meets it."""

import pytest

from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_findings import (
    ADMIN,
    BY_UPDATE,
    HOME,
    LINKED,
    MEMBER,
    STRANGER,
    Json,
    equals,
    finding,
    ids,
    refusal,
)


def test_views_follow_membership_and_aggregation(hub: BackgroundHub) -> None:
    hub.control.load(
        [
            finding(1, AwsAccountId=ADMIN),
            finding(2),
            finding(3, Region=LINKED),
            finding(4, AwsAccountId=STRANGER),
        ]
    )

    def seen(account: str, region: str) -> set[int]:
        return {int(it[-3:]) for it in ids(hub.client(account, region).get_findings())}

    assert seen(ADMIN, HOME) == {1, 2, 3}
    assert seen(ADMIN, LINKED) == {3}
    assert seen(MEMBER, HOME) == {2, 3}
    code, message = refusal(hub.client(STRANGER, HOME).get_findings)
    assert code == "InvalidAccessException"
    assert "not subscribed" in message
    hub.control.members(leave=[MEMBER])
    assert seen(ADMIN, HOME) == {1}


def test_pages_go_on_where_they_ended(hub: BackgroundHub) -> None:
    hub.control.load([finding(number) for number in range(55)])
    client = hub.client(ADMIN, HOME)
    pages = list(client.get_paginator("get_findings").paginate(SortCriteria=BY_UPDATE, MaxResults=10))
    assert [len(page["Findings"]) for page in pages] == [10, 10, 10, 10, 10, 5]
    assert [it for page in pages for it in ids(page)] == [f"finding/{number:03}" for number in range(55)]
    assert "NextToken" not in pages[-1]


def test_a_page_that_ends_exactly_has_no_token(hub: BackgroundHub) -> None:
    hub.control.load([finding(number) for number in range(10)])
    assert "NextToken" not in hub.client(ADMIN, HOME).get_findings(MaxResults=10)


def test_pages_are_live(hub: BackgroundHub) -> None:
    hub.control.load([finding(number) for number in range(6)])
    client = hub.client(ADMIN, HOME)
    first = client.get_findings(SortCriteria=BY_UPDATE, MaxResults=3)
    hub.control.mutate(
        {"op": "update", "id": "finding/000", "updated_at": "2026-11-21T00:00:00Z"},
        {"op": "delete", "id": "finding/003"},
    )
    second = client.get_findings(SortCriteria=BY_UPDATE, MaxResults=3, NextToken=first["NextToken"])
    assert ids(first) == ["finding/000", "finding/001", "finding/002"]
    assert ids(second) == ["finding/004", "finding/005", "finding/000"]


@pytest.mark.parametrize(
    ("offset_tokens", "second_page"),
    [(False, ["finding/003", "finding/004"]), (True, ["finding/004", "finding/005"])],
)
def test_what_leaves_before_an_offset_shifts_what_follows(
    hub: BackgroundHub, second_page: list[str], *, offset_tokens: bool
) -> None:
    hub.control.load([finding(number) for number in range(8)])
    hub.control.settings(offset_tokens=offset_tokens)
    client = hub.client(ADMIN, HOME)
    first = client.get_findings(SortCriteria=BY_UPDATE, MaxResults=3)
    hub.control.mutate({"op": "delete", "id": "finding/001"})
    second = client.get_findings(SortCriteria=BY_UPDATE, MaxResults=2, NextToken=first["NextToken"])
    assert ids(second) == second_page
    rest = client.get_findings(SortCriteria=BY_UPDATE, MaxResults=9, NextToken=second["NextToken"])
    assert ids(rest) == [f"finding/{number:03}" for number in range(int(second_page[-1][-1]) + 1, 8)]


def test_a_token_serves_its_query_alone(hub: BackgroundHub) -> None:
    hub.control.load([finding(number) for number in range(6)])
    client = hub.client(ADMIN, HOME)
    filters = {"RecordState": equals("ACTIVE"), "AwsAccountId": equals(MEMBER)}
    token = client.get_findings(Filters=filters, MaxResults=2)["NextToken"]
    same = dict(reversed(filters.items()))
    assert len(client.get_findings(Filters=same, MaxResults=3, NextToken=token)["Findings"]) == 3
    changed: list[Json] = [
        {"Filters": {"RecordState": equals("ACTIVE")}},
        {"Filters": filters, "SortCriteria": BY_UPDATE},
        {},
    ]
    for parameters in changed:
        code, message = refusal(client.get_findings, NextToken=token, **parameters)
        assert code == "InvalidInputException"
        assert "Input Query has changed" in message
    other = hub.client(MEMBER, HOME)
    assert refusal(other.get_findings, NextToken=token, Filters=filters)[0] == "InvalidInputException"


def test_tokens_expire(hub: BackgroundHub) -> None:
    hub.control.load([finding(number) for number in range(6)])
    hub.control.settings(token_lifetime=60)
    client = hub.client(ADMIN, HOME)
    token = client.get_findings(MaxResults=2)["NextToken"]
    assert client.get_findings(NextToken=token)["Findings"]
    hub.control.clock(advance=61)
    assert "expired" in refusal(client.get_findings, NextToken=token)[1]
    token = client.get_findings(MaxResults=2)["NextToken"]
    hub.control.expire_tokens()
    assert "expired" in refusal(client.get_findings, NextToken=token)[1]
    assert refusal(client.get_findings, NextToken="no token")[0] == "InvalidInputException"


@pytest.mark.parametrize(
    "parameters",
    [
        {"MaxResults": 101},
        {"Filters": {"Title": [{"Value": "x", "Comparison": "LIKE"}]}},
        {"Filters": {"Title": [{"Value": " ", "Comparison": "EQUALS"}]}},
        {"Filters": {"UpdatedAt": [{"Start": "2026-11-20T10:00:00Z"}]}},
        {"SortCriteria": [{"Field": "Nonsense", "SortOrder": "asc"}]},
        {"SortCriteria": [{"Field": "UpdatedAt", "SortOrder": "up"}]},
    ],
)
def test_what_the_service_refuses_is_refused(hub: BackgroundHub, parameters: Json) -> None:
    assert refusal(hub.client(ADMIN, HOME).get_findings, **parameters)[0] == "InvalidInputException"
