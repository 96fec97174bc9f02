"""A control that is off in the hub's own account and Region, on elsewhere: what its users see of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.cloud import Cloud
from sandbox.securityhub.catalogue import AZURE, STANDARDS
from tests.support.e2e.stage import FSBP, Stage

HOME, MEMBER = "111122223333", "444455556666"
REGION, LINKED = "eu-west-1", "us-east-1"
IAM_6, S3_1 = "IAM.6", "S3.1"


class TwoControls:
    """An administrator and a member in two Regions: IAM.6 fails in the linked one, S3.1 passes at home."""

    def seed(self) -> dict[str, Any]:
        """IAM.6 is off in the administrator's account, in the aggregation Region."""
        return {
            "administrator": HOME,
            "accounts": [{"id": HOME, "name": "audit"}, {"id": MEMBER, "name": "xebia-shop-production"}],
            "regions": [REGION, LINKED],
            "aggregation": {"region": REGION},
            "standards": [FSBP, AZURE],
            "disabled_controls": [
                {"standard": FSBP, "control": IAM_6, "account": HOME, "region": REGION, "reason": "global"}
            ],
        }

    def findings(self) -> Iterator[dict[str, Any]]:
        """A PASSED one of IAM.6 was left behind where it is off; one is of a standard about Azure."""
        yield finding(S3_1, HOME, REGION, "PASSED")
        yield finding(IAM_6, HOME, REGION, "PASSED")
        yield finding(IAM_6, HOME, LINKED, "FAILED")
        yield finding("AzureStorage.1", HOME, REGION, "FAILED", standard=AZURE)


def finding(control: str, account: str, region: str, compliance: str, standard: str = FSBP) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    generator = f"security-control/{control}"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:{region}:{account}:{generator}/finding/{compliance}",
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/securityhub",
        "ProductName": "Security Hub CSPM",
        "GeneratorId": generator,
        "AwsAccountId": account,
        "Region": region,
        "CreatedAt": now,
        "UpdatedAt": now,
        "Title": f"{control} should be right",
        "Description": "Whether it is.",
        "Severity": {"Label": "CRITICAL"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsAccount", "Id": f"AWS::::Account:{account}"}],
        "Compliance": {
            "Status": compliance,
            "SecurityControlId": control,
            "AssociatedStandards": [{"StandardsId": STANDARDS[standard].standards_id}],
        },
    }


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud.start(organization=TwoControls()) as started:
        yield started


def test_it_fails_where_it_is_on_and_counts(stage: Stage, cloud: Cloud) -> None:
    # All standards, and Security Hub by its newer name: it is counted under the older one.
    name = stage.target(source={"securityStandards": {"standards": ["*"]}}, products=["Security Hub CSPM"])
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)

    def counted(state: str) -> float:
        found = operator.series("posture_findings", target=name, product="Security Hub", state=state)
        return sum(each.value for each in found)

    status = stage.status(name)
    assert (status["score"], status["passed"], status["scored"]) == (50, 1, 2)
    assert (status["controls"]["passed"], status["controls"]["failed"]) == (1, 1)
    assert status["controls"]["disabled"] == 0
    assert [each["standard"] for each in status["standards"]] == [FSBP]
    assert [each["standard"] for each in status["hub"]["standards"]] == [FSBP, AZURE]
    assert operator.value("posture_controls", target=name, standard=FSBP, status="failed") == 1
    assert (counted("passed"), counted("failed"), counted("disabled")) == (1, 1, 1)

    # Repaired there, it passes; what fails in a member then fails it again.
    repaired = {"op": "update", "where": {"Region": [{"Comparison": "EQUALS", "Value": LINKED}]}}
    cloud.control.mutate({**repaired, "set": {"Compliance": {"Status": "PASSED"}}})
    operator.wait(lambda: stage.status(name).get("score") == 100, "the score after the repair")
    cloud.control.mutate({"op": "put", "finding": finding(IAM_6, MEMBER, REGION, "FAILED")})
    operator.wait(lambda: stage.status(name).get("score") == 50, "the score with a member's finding")
    assert operator.value("posture_account_score_ratio", target=name, account_id=MEMBER) == 0
    assert operator.value("posture_account_score_ratio", target=name, account_id=HOME) == 1
