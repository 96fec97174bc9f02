"""GetFindingHistory as a boto3 client meets it."""

from typing import Any

from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_findings import ADMIN, HOME, MEMBER, PRODUCT, STRANGER, Json, finding, refusal


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
