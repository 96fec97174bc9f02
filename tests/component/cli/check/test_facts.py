"""What is asked of IAM, and facts about AWS that findings tell."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from posture.cli.check.result import CheckStatus
from sandbox.cloud import Cloud
from tests.support.checked import ADMINISTRATOR, check, first_of, target


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


@pytest.mark.parametrize(("shares", "says"), [(True, "confirmed"), (False, "refuted")])
async def test_suppressions_in_both_security_hubs_are_compared(
    cloud: Cloud, tmp_path: Path, *, shares: bool, says: str
) -> None:
    here, there = (each["Id"] for each in active(cloud)[:2])
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", second_version=True)
    cloud.control.mutate(*({"op": "workflow", "id": each, "status": "SUPPRESSED"} for each in (here, there)))
    cloud.control.settings(v2_suppressed=[there], v2_shares=shares)
    try:
        fact = (await check(tmp_path))["fact/v2-suppression"]
        cloud.control.fault("denied", "GetFindingsV2", count=None)
        denied = (await check(tmp_path))["fact/v2-suppression"]
    finally:
        cloud.control.settings(v2_suppressed=[], v2_shares=False)
        cloud.control.mutate(*({"op": "workflow", "id": each, "status": "NEW"} for each in (here, there)))
    assert fact.message.startswith(says), fact
    assert ("suppressed in CSPM alone" in fact.message) is not shares
    assert (denied.status, "not permitted" in denied.message) == (CheckStatus.UNKNOWN, True)


def active(cloud: Cloud) -> list[dict[str, Any]]:
    return [
        each
        for each in cloud.control.findings()
        if each["RecordState"] == "ACTIVE" and each["ProductName"] == "Security Hub"
    ]


async def test_an_aggregator_of_the_organization_is_looked_at(cloud: Cloud, tmp_path: Path) -> None:
    for lists_accounts, says in ((True, "confirmed"), (False, "refuted")):
        aggregate(cloud, lists_accounts=lists_accounts)
        cloud.config.source("org", "Organization", "eu-west-1", "FAILED")
        found = await check(tmp_path)
        assert found["fact/aggregator-accounts"].message.startswith(says), found["fact/aggregator-accounts"]
        assert found["fact/organization-rule-name"].message.startswith("confirmed")
    cloud.control.fault("denied", "DescribeConfigurationAggregators", count=None)
    denied = await check(tmp_path)
    for fact in ("aggregator-accounts", "organization-rule-name"):
        assert "not permitted" in denied[f"fact/{fact}"].message
    assert denied.named(CheckStatus.FAILED) == set()


def aggregate(cloud: Cloud, *, lists_accounts: bool) -> None:
    aggregator = {
        "name": "org", "account": ADMINISTRATOR, "region": "eu-west-1", "lists_accounts": lists_accounts,
    }  # fmt: skip
    rules = ["OrgConfigRule-tags-1a2b3c4d", "OrgConfigRule-tags-of-5e6f7a8b", "own"]
    cloud.control.seed(
        {
            "administrator": ADMINISTRATOR,
            "accounts": [{"id": ADMINISTRATOR}],
            "regions": ["eu-west-1"],
            "config": {"aggregators": [aggregator], "rules": rules, "without_results": 0.0},
        }
    )
