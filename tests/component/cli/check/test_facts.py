"""What is asked of IAM, and facts about AWS that findings tell."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from posture.cli.check.result import CheckStatus
from sandbox.cloud import Cloud
from tests.support.checked import check, first_of, target


async def test_an_identity_of_ones_own_is_the_role_of_its_session(cloud: Cloud, tmp_path: Path) -> None:
    iam = boto3.client("iam", endpoint_url=cloud.moto_url, region_name="us-east-1")
    iam.create_role(RoleName="sandbox", AssumeRolePolicyDocument=json.dumps(policy("Allow", "sts:*")))
    try:
        own = target(role_arn=None)
        found = await check(tmp_path, own, ambientIdentity=True)
        assert found["role"].message == "no role is named: this process's own identity is used"
        assert found["update-findings"].status is CheckStatus.FAILED
        iam.put_role_policy(
            RoleName="sandbox",
            PolicyName="findings",
            PolicyDocument=json.dumps(policy("Allow", "securityhub:*")),
        )
        assert (await check(tmp_path, own, ambientIdentity=True))["update-findings"].status is CheckStatus.OK
        iam.delete_role_policy(RoleName="sandbox", PolicyName="findings")
    finally:
        iam.delete_role(RoleName="sandbox")


async def test_whether_findings_may_be_changed_is_asked_of_iam(cloud: Cloud, tmp_path: Path) -> None:
    iam = boto3.client("iam", endpoint_url=cloud.moto_url, region_name="us-east-1")
    iam.create_role(RoleName="posture-reader", AssumeRolePolicyDocument=json.dumps(policy("Allow", "sts:*")))
    try:
        assert (await check(tmp_path))["update-findings"].status is CheckStatus.FAILED
        iam.put_role_policy(
            RoleName="posture-reader",
            PolicyName="findings",
            PolicyDocument=json.dumps(policy("Allow", "securityhub:BatchUpdate*")),
        )
        assert (await check(tmp_path))["update-findings"].status is CheckStatus.OK
        iam.put_role_policy(
            RoleName="posture-reader",
            PolicyName="no",
            PolicyDocument=json.dumps(policy("Deny", "securityhub:BatchUpdateFindings")),
        )
        denied = (await check(tmp_path))["update-findings"]
        assert (denied.status, "explicitDeny" in denied.message) == (CheckStatus.FAILED, True)
        assert "update-findings" not in {
            each.check.rpartition("/")[2] for each in (await check(tmp_path, verbs=["Score"])).results
        }
    finally:
        for name in iam.list_role_policies(RoleName="posture-reader")["PolicyNames"]:
            iam.delete_role_policy(RoleName="posture-reader", PolicyName=name)
        iam.delete_role(RoleName="posture-reader")


@pytest.mark.parametrize(("bump", "says"), [(True, "confirmed"), (False, "refuted")])
async def test_whether_archival_moves_the_time_of_the_update_is_seen_in_histories(
    cloud: Cloud, tmp_path: Path, *, bump: bool, says: str
) -> None:
    for each in cloud.control.findings():
        if each["RecordState"] == "ARCHIVED":
            cloud.control.mutate({"op": "delete", "id": each["Id"]})
    cloud.control.mutate(
        {"op": "update", "id": (finding := first_of(cloud))["Id"], "updated_at": "2026-01-01T00:00:00Z"}
    )
    cloud.control.mutate({"op": "archive", "id": finding["Id"], "bump": bump})
    fact = (await check(tmp_path))["fact/archival-updates"]
    assert fact.message.startswith(says)
    assert fact.status is (CheckStatus.OK if bump else CheckStatus.WARNING)


async def test_notes_tell_that_people_leave_the_time_of_the_update_alone(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.control.mutate(
        {"op": "workflow", "id": first_of(cloud)["Id"], "note": "looked at", "by": "somebody"}
    )
    found = await check(tmp_path)
    for fact in ("note-filter", "note-keeps-time"):
        assert found[f"fact/{fact}"].message.startswith("confirmed")


def policy(effect: str, action: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": [action], "Resource": "*"}],
    }
