"""BatchUpdateFindings as a boto3 client meets it."""

import pytest
from botocore.exceptions import ClientError

from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_findings import ADMIN, HOME, MEMBER, Json, equals, finding, ids, update


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
