"""Settings that take a while, or that somebody else decides: what is waited for, and what is left alone."""

import asyncio
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey
from posture.remediation.actions.contract import Action, Refused, Situation
from posture.remediation.actions.ec2.instance_require_imdsv2 import ACTION as IMDS
from posture.remediation.actions.ec2.snapshot_block_public_access import ACTION as SNAPSHOTS
from posture.remediation.actions.efs.enable_backups import ACTION as BACKUPS
from posture.remediation.actions.ssm.block_public_documents import ACTION as DOCUMENTS
from tests.support.scripted_reader import Pages, Script

OWNER, REGION = Script.account_id, Script.region
THE_ACCOUNT = ResourceKey(OWNER, "aws", REGION, ACCOUNT, f"AWS::::Account:{OWNER}")
SYSTEM_ARN = f"arn:aws:elasticfilesystem:{REGION}:{OWNER}:file-system/fs-1"
FILE_SYSTEM = ResourceKey(OWNER, "aws", REGION, "AwsEfsFileSystem", SYSTEM_ARN)
SYSTEM: dict[str, Any] = {"FileSystemId": "fs-1", "OwnerId": OWNER, "LifeCycleState": "available"}


def system(status: str, **said: Any) -> Pages:
    return {
        ("DescribeFileSystems", None): {"FileSystems": [SYSTEM | said]},
        ("DescribeBackupPolicy", None): {"BackupPolicy": {"Status": status}},
    }


def setting(value: str, status: str) -> Pages:
    return {("GetServiceSetting", None): {"ServiceSetting": {"SettingValue": value, "Status": status}}}


def block(state: str, managed_by: str) -> Pages:
    return {("GetSnapshotBlockPublicAccessState", None): {"State": state, "ManagedBy": managed_by}}


def judged(action: Action, resource: ResourceKey, pages: Pages) -> str:
    """What an answer comes to: `right`, `wrong`, or why the resource is refused."""
    try:
        state = asyncio.run(action.read(Script(pages), resource))
        verdict = action.judge(state, action.configure({}), Situation(0, action.controls))
    except Refused as refused:
        return refused.reason
    return "wrong" if verdict.wrong else "right"


@pytest.mark.parametrize(
    ("action", "resource", "pages", "outcome"),
    [
        (BACKUPS, FILE_SYSTEM, system("ENABLED"), "right"),
        (BACKUPS, FILE_SYSTEM, system("ENABLING"), Reason.PENDING),
        (BACKUPS, FILE_SYSTEM, system("DISABLED"), "wrong"),
        (BACKUPS, FILE_SYSTEM, system("DISABLING"), Reason.PENDING),
        (BACKUPS, FILE_SYSTEM, system("DISABLED", LifeCycleState="updating"), Reason.PENDING),
        (BACKUPS, FILE_SYSTEM, system("UNHEARD_OF"), Reason.UNREADABLE),
        (BACKUPS, FILE_SYSTEM, system("DISABLED", OwnerId="444455556666"), Reason.NOT_OWNER),
        (BACKUPS, FILE_SYSTEM, system("DISABLED", FileSystemId="fs-2"), Reason.UNREADABLE),
        (DOCUMENTS, THE_ACCOUNT, setting("Enable", "Default"), "wrong"),
        (DOCUMENTS, THE_ACCOUNT, setting("Enable", "Customized"), "wrong"),
        (DOCUMENTS, THE_ACCOUNT, setting("Disable", "Customized"), "right"),
        (DOCUMENTS, THE_ACCOUNT, setting("Disable", "Default"), "right"),
        (DOCUMENTS, THE_ACCOUNT, setting("Enable", "PendingUpdate"), Reason.PENDING),
        (DOCUMENTS, THE_ACCOUNT, setting("", "Default"), Reason.UNREADABLE),
        (DOCUMENTS, THE_ACCOUNT, {("GetServiceSetting", None): {}}, Reason.UNREADABLE),
        (SNAPSHOTS, THE_ACCOUNT, block("unblocked", "account"), "wrong"),
        (SNAPSHOTS, THE_ACCOUNT, block("block-new-sharing", "account"), "wrong"),
        (SNAPSHOTS, THE_ACCOUNT, block("block-all-sharing", "account"), "right"),
        (SNAPSHOTS, THE_ACCOUNT, block("block-all-sharing", "declarative-policy"), "right"),
        (SNAPSHOTS, THE_ACCOUNT, block("unblocked", "declarative-policy"), Reason.MANAGED_BY_POLICY),
        (SNAPSHOTS, THE_ACCOUNT, {("GetSnapshotBlockPublicAccessState", None): {}}, Reason.UNREADABLE),
    ],
)
def test_what_an_answer_comes_to(action: Action, resource: ResourceKey, pages: Pages, outcome: str) -> None:
    assert judged(action, resource, pages) == outcome


def instance(tokens: str, options: str, state: str = "running", **said: Any) -> Pages:
    described = {
        "InstanceId": "i-1",
        "State": {"Name": state},
        "MetadataOptions": {"HttpTokens": tokens, "State": options, **said},
    }
    return {
        ("DescribeInstances", None): {"Reservations": [{"OwnerId": OWNER, "Instances": [described]}]},
        ("GetMetricStatistics", None): {"Datapoints": []},
    }


INSTANCE_ARN = f"arn:aws:ec2:{REGION}:{OWNER}:instance/i-1"
INSTANCE = ResourceKey(OWNER, "aws", REGION, "AwsEc2Instance", INSTANCE_ARN)


@pytest.mark.parametrize(
    ("pages", "outcome"),
    [
        (instance("optional", "applied"), "wrong"),
        (instance("required", "applied"), "right"),
        (instance("optional", "applied", HttpEndpoint="disabled"), Reason.NOT_SUPPORTED),
        (instance("required", "applied", HttpEndpoint="disabled"), "right"),
        (instance("optional", "pending"), Reason.PENDING),
        (instance("required", "pending"), Reason.PENDING),
        (instance("optional", "pending", "stopped"), "wrong"),
        (instance("required", "pending", "stopped"), "right"),
    ],
)
def test_options_that_are_being_applied_are_waited_for(pages: Pages, outcome: str) -> None:
    """An entry whose change is under way is neither done nor changed by somebody else."""
    assert judged(IMDS, INSTANCE, pages) == outcome
