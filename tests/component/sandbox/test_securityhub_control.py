"""The control endpoint, told what to do by its client."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.securityhub.background import BackgroundHub
from sandbox.securityhub.catalogue import FSBP, PCI_DSS
from sandbox.securityhub.client import ControlClient, ControlError

Json = dict[str, Any]
ACCOUNT, OTHER, REGION = "111122223333", "222233334444", "eu-west-1"
PRODUCT = f"arn:aws:securityhub:{REGION}::product/aws/securityhub"


@pytest.fixture
def hub(running: BackgroundHub) -> BackgroundHub:
    running.control.reset()
    running.control.clock(set="2026-11-22T06:00:00Z", freeze=True)
    running.control.seed(
        {"accounts": [{"id": ACCOUNT}, {"id": OTHER}], "regions": [REGION], "standards": [FSBP, PCI_DSS]}
    )
    running.control.load(
        [finding("a"), finding("b", RecordState="ARCHIVED"), finding("c", AwsAccountId=OTHER)]
    )
    return running


@pytest.fixture
def control(hub: BackgroundHub) -> ControlClient:
    return hub.control


def finding(name: str, **members: Any) -> Json:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": name,
        "ProductArn": PRODUCT,
        "AwsAccountId": ACCOUNT,
        "Region": REGION,
        "UpdatedAt": "2026-11-20T10:00:00.000Z",
        "Severity": {"Label": "LOW"},
        "Compliance": {"Status": "FAILED"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        **members,
    }


def named(control: ControlClient, name: str) -> Json:
    (found,) = [it for it in control.findings() if it["Id"] == name]
    return found


@pytest.mark.parametrize(
    ("mutation", "changed"),
    [
        ({"op": "update"}, {"UpdatedAt": "2026-11-22T06:00:00.000Z"}),
        ({"op": "update", "updated_at": "2026-11-21T00:00:00Z"}, {"UpdatedAt": "2026-11-21T00:00:00Z"}),
        ({"op": "update", "updated_at": None, "set": {"Title": "x"}}, {"Title": "x"}),
        (
            {"op": "update", "updated_at": None, "set": {"Compliance": {"Status": "PASSED"}}},
            {
                "Compliance": {"Status": "PASSED"},
                "Workflow": {"Status": "RESOLVED"},
                "WorkflowState": "RESOLVED",
            },
        ),
        ({"op": "update", "updated_at": None, "set": {"Severity": None, "Title": "x"}}, {"Title": "x"}),
        (
            {"op": "workflow", "status": "SUPPRESSED"},
            {"Workflow": {"Status": "SUPPRESSED"}, "WorkflowState": "SUPPRESSED"},
        ),
        ({"op": "workflow", "user_fields": {"k": "v"}}, {"UserDefinedFields": {"k": "v"}}),
        (
            {"op": "workflow", "note": "n", "by": "me"},
            {"Note": {"Text": "n", "UpdatedBy": "me", "UpdatedAt": "2026-11-22T06:00:00.000Z"}},
        ),
        ({"op": "archive"}, {"RecordState": "ARCHIVED", "UpdatedAt": "2026-11-22T06:00:00.000Z"}),
        ({"op": "archive", "bump": False}, {"RecordState": "ARCHIVED"}),
        ({"op": "replace", "set": {"Workflow": {"Status": "ODD"}}}, {"Workflow": {"Status": "ODD"}}),
    ],
)
def test_a_mutation_changes_what_it_says(control: ControlClient, mutation: Json, changed: Json) -> None:
    expected = finding("a") | {"WorkflowState": "NEW"} | changed
    if "Severity" in mutation.get("set", {}):
        del expected["Severity"]
    assert control.mutate({**mutation, "id": "a", "product_arn": PRODUCT}) == [1]
    assert {"WorkflowState": "NEW"} | named(control, "a") == expected
    assert named(control, "c") == finding("c", AwsAccountId=OTHER)


def test_findings_are_put_imported_and_broken(hub: BackgroundHub) -> None:
    control = hub.control
    control.mutate({"op": "put", "finding": finding("a", Title="put")})
    control.mutate({"op": "put", "finding": finding("a", AwsAccountId=OTHER)})
    assert [it.get("Title") for it in control.findings(account=ACCOUNT)] == ["put", None]
    assert len(list(control.findings(account=OTHER))) == 2
    control.mutate(
        {"op": "workflow", "id": "b", "status": "NOTIFIED"},
        {"op": "import", "finding": finding("b", UpdatedAt="2026-11-21T00:00:00Z", RecordState="ACTIVE")},
    )
    assert named(control, "b")["Workflow"] == {"Status": "NEW"}
    control.mutate(
        {"op": "raw", "body": '{"Id": "c", "odd": true}', "keys": finding("c", AwsAccountId=OTHER)}
    )
    assert {it["Id"] for it in hub.client(OTHER, REGION).get_findings()["Findings"]} == {"a", "c"}
    assert named(control, "c") == {"Id": "c", "odd": True}


@pytest.mark.parametrize(
    ("mutation", "told"),
    [
        ({"op": "explode", "id": "a"}, "explode"),
        ({"op": "delete", "id": "zzz"}, "zzz"),
        ({"op": "update", "id": "a", "updated_at": "soon"}, "soon"),
        ({"op": "update", "id": "a", "sets": {}}, "sets"),
        ({"op": "delete", "where": {"Title": [{"Comparison": "EQUALS"}]}}, "Value"),
    ],
)
def test_a_wrong_mutation_is_explained(control: ControlClient, mutation: Json, told: str) -> None:
    with pytest.raises(ControlError, match=told):
        control.mutate(mutation)
    assert control.count() == 3


def test_hubs_and_controls_are_turned_off_and_on(hub: BackgroundHub) -> None:
    client = hub.client(ACCOUNT, REGION)
    assert hub.control.control(FSBP, "S3.1", enabled=False, account=ACCOUNT, reason="r") == 1
    assert hub.control.control(PCI_DSS, "S3.1", enabled=False) == 2
    listed = client.list_standards_control_associations(SecurityControlId="S3.1")
    states = [it["AssociationStatus"] for it in listed["StandardsControlAssociationSummaries"]]
    assert states == ["DISABLED", "DISABLED"]
    assert hub.control.hub(ACCOUNT, REGION, standards=[PCI_DSS])["standards"] == [PCI_DSS]
    assert len(client.get_enabled_standards()["StandardsSubscriptions"]) == 1
    hub.control.hub(ACCOUNT, REGION, control_finding_generator="STANDARD_CONTROL")
    assert client.describe_hub()["ControlFindingGenerator"] == "STANDARD_CONTROL"
    hub.control.hub(ACCOUNT, REGION, enabled=False)
    with pytest.raises(ClientError, match="InvalidAccessException"):
        client.describe_hub()
    hub.control.hub(ACCOUNT, REGION, enabled=True)
    client.describe_hub()
    hub.control.hub("555566667777", "ap-south-1", enabled=True)
    hub.client("555566667777", "ap-south-1").describe_hub()


def test_the_clock_stands_moves_and_comes_back(control: ControlClient) -> None:
    assert control.clock() == "2026-11-22T06:00:00.000Z"
    assert control.clock(advance=1.5) == "2026-11-22T06:00:01.500Z"
    assert control.clock(set="2030-01-01T00:00:00+01:00") == "2029-12-31T23:00:00.000Z"
    running = control.clock(freeze=False)
    assert running.startswith("2029-12-31T23:00:0")
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert before <= datetime.fromisoformat(control.clock(real=True)) <= datetime.now(UTC)
    with pytest.raises(ControlError, match="never"):
        control.clock(set="never")


def test_settings_take_effect(hub: BackgroundHub) -> None:
    client = hub.client(ACCOUNT, REGION)
    hub.control.settings(quotas={"enabled": True, "scale": 1, "rates": {"DescribeHub": [0.001, 2]}})
    client.describe_hub()
    client.describe_hub()
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        client.describe_hub()
    hub.client(OTHER, REGION).describe_hub()
    hub.control.settings(quotas={"enabled": False}, latency={"DescribeHub": 0.2, "*": 0.0})
    started = time.monotonic()
    client.describe_hub()
    assert time.monotonic() - started >= 0.2
    assert hub.control.call_total("DescribeHub") == 5
    assert len(hub.control.calls("DescribeHub")["requests"]) == 5
    hub.control.reset_calls()
    assert hub.control.call_total() == 0
    hub.control.fault("slow", "DescribeHub", options={"seconds": 0.5})
    hub.control.settings(latency={})
    started = time.monotonic()
    client.describe_hub()
    assert time.monotonic() - started >= 0.5


def test_access_keys_are_registered(hub: BackgroundHub) -> None:
    hub.control.register_credentials("AKIAOTHER", OTHER)
    assert OTHER in hub.client("AKIAOTHER", REGION).describe_hub()["HubArn"]
    with pytest.raises(ClientError, match="Account 123456789012 is not subscribed"):
        hub.client("AKIAUNKNOWN", REGION).describe_hub()


def test_sts_that_is_away_is_an_error_and_no_other_account() -> None:
    with BackgroundHub(sts_url="http://127.0.0.1:9") as hub:
        hub.control.hub("123456789012", REGION, enabled=True)
        with pytest.raises(ClientError, match="does not answer"):
            hub.client("AKIAUNKNOWN", REGION).describe_hub()
        hub.client("123456789012", REGION).describe_hub()
