"""GetFindings, BatchUpdateFindings and BatchImportFindings as a boto3 client meets them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.securityhub.background import BackgroundHub

Json = dict[str, Any]
ADMIN, MEMBER, STRANGER = "111122223333", "222233334444", "999988887777"
HOME, LINKED = "eu-west-1", "us-east-1"
PRODUCT = f"arn:aws:securityhub:{HOME}::product/aws/securityhub"
BY_UPDATE = [{"Field": "UpdatedAt", "SortOrder": "asc"}]


@pytest.fixture(scope="module")
def running() -> Iterator[BackgroundHub]:
    with BackgroundHub() as hub:
        yield hub


@pytest.fixture
def hub(running: BackgroundHub) -> BackgroundHub:
    running.control.reset()
    running.control.seed(
        {
            "administrator": ADMIN,
            "accounts": [{"id": ADMIN, "name": "audit"}, {"id": MEMBER, "name": "xebia-shop-dev"}],
            "regions": [HOME, LINKED],
            "aggregation": {"region": HOME},
        }
    )
    return running


def finding(number: int, **members: Any) -> Json:
    region = members.get("Region", HOME)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding/{number:03}",
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.1",
        "AwsAccountId": MEMBER,
        "Region": region,
        "Types": ["Software and Configuration Checks"],
        "CreatedAt": "2026-11-01T00:00:00.000Z",
        "UpdatedAt": f"2026-11-20T10:00:{number % 60:02}.000Z",
        "Title": "S3 Block Public Access setting should be enabled",
        "Description": "d",
        "Severity": {"Label": "MEDIUM", "Normalized": 40},
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::{number}"}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.1"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        **members,
    }


def equals(*values: str) -> list[Json]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def ids(page: Json) -> list[str]:
    return [it["Id"] for it in page["Findings"]]


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


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


def update(hub: BackgroundHub, *numbers: int, account: str = ADMIN, **members: Any) -> Json:
    identifiers = [{"Id": f"finding/{number:03}", "ProductArn": PRODUCT} for number in numbers]
    answer: Json = hub.client(account, HOME).batch_update_findings(FindingIdentifiers=identifiers, **members)
    return answer


def test_an_update_leaves_the_providers_timestamp(hub: BackgroundHub) -> None:
    hub.control.load([finding(1)])
    hub.control.clock(set="2026-11-22T06:00:00Z", freeze=True)
    answer = update(
        hub,
        1,
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "accepted", "UpdatedBy": "someone"},
        Severity={"Label": "HIGH"},
        UserDefinedFields={"a": "b"},
        Confidence=7,
        VerificationState="BENIGN_POSITIVE",
    )
    assert answer["UnprocessedFindings"] == []
    (changed,) = hub.client(ADMIN, HOME).get_findings()["Findings"]
    assert changed["UpdatedAt"] == "2026-11-20T10:00:01.000Z"
    assert changed["Workflow"] == {"Status": "SUPPRESSED"}
    assert changed["Note"] == {
        "Text": "accepted",
        "UpdatedBy": "someone",
        "UpdatedAt": "2026-11-22T06:00:00.000Z",
    }
    assert changed["Severity"] == {"Label": "HIGH", "Normalized": 70}
    assert (changed["UserDefinedFields"], changed["Confidence"]) == ({"a": "b"}, 7)


@pytest.mark.parametrize(("merge", "left"), [(True, {"a": "1", "b": "2"}), (False, {"b": "2"})])
def test_user_fields_merge_or_replace(hub: BackgroundHub, *, merge: bool, left: Json) -> None:
    hub.control.settings(merge_user_fields=merge)
    hub.control.load([finding(1, UserDefinedFields={"a": "1"})])
    update(hub, 1, UserDefinedFields={"b": "2"})
    assert hub.client(ADMIN, HOME).get_findings()["Findings"][0]["UserDefinedFields"] == left


def test_a_batch_is_processed_in_part(hub: BackgroundHub) -> None:
    hub.control.load([finding(1), finding(2, AwsAccountId=ADMIN), finding(3)])
    answer = update(hub, 1, 9, 1, Workflow={"Status": "NOTIFIED"})
    assert [it["Id"] for it in answer["ProcessedFindings"]] == ["finding/001"]
    assert [(it["FindingIdentifier"]["Id"], it["ErrorCode"]) for it in answer["UnprocessedFindings"]] == [
        ("finding/009", "FindingNotFound"),
        ("finding/001", "DuplicatedFindingIdentifier"),
    ]
    of_member = update(hub, 2, 3, account=MEMBER, Workflow={"Status": "RESOLVED"})
    assert [it["Id"] for it in of_member["ProcessedFindings"]] == ["finding/003"]
    hub.control.fault("unprocessed", "BatchUpdateFindings", options={"ids": ["finding/001"]})
    forced = update(hub, 1, 3, Workflow={"Status": "SUPPRESSED"})
    assert [it["ErrorCode"] for it in forced["UnprocessedFindings"]] == ["ConcurrentUpdateError"]
    states = {it["Id"]: it["Workflow"]["Status"] for it in hub.control.findings()}
    assert states == {"finding/001": "NOTIFIED", "finding/002": "NEW", "finding/003": "SUPPRESSED"}


@pytest.mark.parametrize(
    "members",
    [
        {"Note": {"Text": "x" * 513, "UpdatedBy": "y"}},
        {"UserDefinedFields": {f"k{number}": "v" for number in range(51)}},
        {"UserDefinedFields": {"k" * 129: "v"}},
        {"UserDefinedFields": {"k": "v" * 1025}},
        {"Workflow": {"Status": "DONE"}},
        {"Confidence": 101},
    ],
)
def test_an_update_beyond_the_limits_is_refused_whole(hub: BackgroundHub, members: Json) -> None:
    hub.control.load([finding(1)])
    with pytest.raises(ClientError, match="InvalidInputException"):
        update(hub, 1, **members)
    assert next(hub.control.findings())["Workflow"]["Status"] == "NEW"


def test_more_than_a_hundred_identifiers_are_refused(hub: BackgroundHub) -> None:
    with pytest.raises(ClientError, match="InvalidInputException"):
        update(hub, *range(101), Workflow={"Status": "NEW"})
    with pytest.raises(ClientError, match="InvalidInputException"):
        update(hub, Workflow={"Status": "NEW"})


def test_an_update_may_apply_late(hub: BackgroundHub) -> None:
    hub.control.load([finding(1), finding(2)])
    hub.control.settings(update_delay=120)
    assert update(hub, 1, 2, Workflow={"Status": "SUPPRESSED"})["UnprocessedFindings"] == []
    suppressed = {"WorkflowStatus": equals("SUPPRESSED")}
    assert hub.control.count(suppressed) == 0
    assert hub.control.health()["pending"] == 2
    hub.control.mutate({"op": "delete", "id": "finding/002"})
    hub.control.clock(advance=121)
    assert ids(hub.client(ADMIN, HOME).get_findings(Filters=suppressed)) == ["finding/001"]


def own(number: int, **members: Any) -> Json:
    product = f"arn:aws:securityhub:{HOME}:{MEMBER}:product/{MEMBER}/default"
    imported = finding(number, **{"ProductArn": product, **members})
    for name in ("Region", "ProductName", "Workflow", "RecordState"):
        if name not in members:
            del imported[name]
    return imported


def test_an_import_is_completed_and_refused_one_by_one(hub: BackgroundHub) -> None:
    client = hub.client(MEMBER, HOME)
    bad = [
        own(2, UpdatedAt="yesterday"),
        own(3, AwsAccountId=ADMIN),
        own(4, ProductArn=PRODUCT),
        own(5, Resources=[]),
        own(6, Severity={"Label": "DIRE"}),
        own(7, Resources=[{"Type": "Other", "Id": str(number)} for number in range(33)]),
    ]
    answer = client.batch_import_findings(Findings=[own(1), *bad])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 6)
    assert {it["ErrorCode"] for it in answer["FailedFindings"]} == {"InvalidInput"}
    (kept,) = client.get_findings()["Findings"]
    assert (kept["Region"], kept["AwsAccountName"]) == (HOME, "xebia-shop-dev")
    assert (kept["Workflow"]["Status"], kept["RecordState"]) == ("NEW", "ACTIVE")


@pytest.mark.parametrize(
    ("workflow", "before", "after", "expected"),
    [
        ("NOTIFIED", {"RecordState": "ARCHIVED"}, {"RecordState": "ACTIVE"}, "NEW"),
        ("RESOLVED", {"RecordState": "ARCHIVED"}, {"RecordState": "ACTIVE"}, "NEW"),
        ("SUPPRESSED", {"RecordState": "ARCHIVED"}, {"RecordState": "ACTIVE"}, "SUPPRESSED"),
        ("RESOLVED", {"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "FAILED"}}, "NEW"),
        ("NOTIFIED", {"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "WARNING"}}, "NEW"),
        (
            "SUPPRESSED",
            {"Compliance": {"Status": "PASSED"}},
            {"Compliance": {"Status": "FAILED"}},
            "SUPPRESSED",
        ),
        ("RESOLVED", {"Compliance": {"Status": "WARNING"}}, {"Compliance": {"Status": "FAILED"}}, "RESOLVED"),
        ("NOTIFIED", {}, {}, "NOTIFIED"),
    ],
)
def test_workflow_falls_back_as_aws_says(
    hub: BackgroundHub, workflow: str, before: Json, after: Json, expected: str
) -> None:
    client = hub.client(MEMBER, HOME)
    client.batch_import_findings(Findings=[own(1, **before)])
    (kept,) = client.get_findings()["Findings"]
    identifier = {"Id": kept["Id"], "ProductArn": kept["ProductArn"]}
    client.batch_update_findings(
        FindingIdentifiers=[identifier],
        Workflow={"Status": workflow},
        Note={"Text": "n", "UpdatedBy": "u"},
        Severity={"Label": "LOW"},
    )
    client.batch_import_findings(Findings=[own(1, **after, UpdatedAt="2026-11-21T00:00:00Z")])
    (kept,) = client.get_findings()["Findings"]
    assert kept["Workflow"]["Status"] == expected
    assert (kept["Note"]["Text"], kept["Severity"]["Label"]) == ("n", "LOW")
    assert kept["UpdatedAt"] == "2026-11-21T00:00:00Z"


def test_an_older_import_changes_nothing(hub: BackgroundHub) -> None:
    client = hub.client(MEMBER, HOME)
    client.batch_import_findings(Findings=[own(1, UpdatedAt="2026-11-21T00:00:00Z")])
    client.batch_import_findings(Findings=[own(1, Title="older", UpdatedAt="2026-11-20T00:00:00Z")])
    assert client.get_findings()["Findings"][0]["Title"] != "older"


def test_a_control_that_passes_is_resolved_and_opens_again(hub: BackgroundHub) -> None:
    hub.control.load([finding(1)])

    def after(status: str) -> str:
        hub.control.mutate({"op": "update", "id": "finding/001", "set": {"Compliance": {"Status": status}}})
        return str(next(hub.control.findings())["Workflow"]["Status"])

    assert [after("PASSED"), after("PASSED"), after("FAILED")] == ["RESOLVED", "RESOLVED", "NEW"]


def history(hub: BackgroundHub, number: int = 1, account: str = ADMIN, **parameters: Any) -> list[Json]:
    identifier = {"Id": f"finding/{number:03}", "ProductArn": PRODUCT}
    pages = hub.client(account, HOME).get_paginator("get_finding_history")
    told = pages.paginate(FindingIdentifier=identifier, **parameters)
    return [record for page in told for record in page["Records"]]


def test_a_history_tells_what_providers_and_customers_change(hub: BackgroundHub) -> None:
    hub.control.clock(set="2026-11-20T12:00:00Z", freeze=True)
    hub.control.load([finding(1), finding(2)])
    identifier = {"Id": "finding/001", "ProductArn": PRODUCT}
    hub.control.clock(advance=60)
    hub.client(ADMIN, HOME).batch_update_findings(
        FindingIdentifiers=[identifier], Workflow={"Status": "SUPPRESSED"}
    )
    hub.control.clock(advance=60)
    hub.control.mutate({"op": "update", "id": "finding/001", "set": {"Compliance": {"Status": "PASSED"}}})
    hub.control.mutate({"op": "update", "id": "finding/001"})
    passed, suppressed, created = history(hub)
    assert [each["UpdateTime"].strftime("%d %H:%M") for each in (passed, suppressed, created)] == [
        "20 12:02",
        "20 12:01",
        "01 00:00",
    ]
    assert [each["FindingCreated"] for each in (passed, suppressed, created)] == [False, False, True]
    assert passed["UpdateSource"] == {"Type": "BATCH_IMPORT_FINDINGS", "Identity": PRODUCT}
    assert passed["Updates"] == [
        {"UpdatedField": "Compliance.Status", "OldValue": "FAILED", "NewValue": "PASSED"}
    ]
    assert suppressed["UpdateSource"]["Type"] == "BATCH_UPDATE_FINDINGS"
    workflow = {"UpdatedField": "Workflow.Status", "OldValue": "NEW", "NewValue": "SUPPRESSED"}
    assert workflow in suppressed["Updates"]
    assert {each["FindingIdentifier"]["Id"] for each in (passed, suppressed, created)} == {"finding/001"}
    assert len(history(hub, 2)) == 1
    assert history(hub, StartTime="2026-11-20T12:01:30Z") == [passed]
    assert history(hub, EndTime="2026-11-20T12:01:30Z") == [suppressed, created]


def test_a_history_has_pages_and_an_end(hub: BackgroundHub) -> None:
    hub.control.clock(set="2026-11-20T12:00:00Z", freeze=True)
    hub.control.load([finding(1)])
    for number in range(7):
        hub.control.mutate({"op": "workflow", "id": "finding/001", "note": f"note {number}"})
    assert len(history(hub, PaginationConfig={"PageSize": 3})) == 8
    hub.control.clock(advance=91 * 24 * 3600)
    assert history(hub) == []
    hub.control.mutate({"op": "workflow", "id": "finding/001", "note": "last"})
    assert len(history(hub)) == 1
    hub.control.mutate({"op": "delete", "id": "finding/001"}, {"op": "put", "finding": finding(1)})
    assert [each["FindingCreated"] for each in history(hub)] == [True]


def test_a_history_is_shown_to_those_who_see_the_finding(hub: BackgroundHub) -> None:
    hub.control.clock(set="2026-11-20T12:00:00Z", freeze=True)
    hub.control.load([finding(1, AwsAccountId=ADMIN), finding(2)])
    assert len(history(hub, 1)) == len(history(hub, 2, MEMBER)) == 1
    assert history(hub, 1, MEMBER) == history(hub, 9) == []
    assert refusal(lambda: history(hub, 1, STRANGER))[0] == "InvalidAccessException"
