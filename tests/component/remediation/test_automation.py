"""Runs of documents in a member account, over a wire that fails: started once, followed, stopped."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied, AwsError, Retryable, Throttled
from posture.domain.remediation.automation import (
    NOT_FOUND,
    DocumentRun,
    DocumentSaid,
    RunPhase,
    RunSubject,
    run_of,
    why_not_run,
)
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import MINUTE, instant_of
from posture.remediation import member
from posture.remediation.actions.contract import Refused, outcome_is_unknown
from posture.remediation.automation import IAM, describe_document, follow, start, stop
from posture.remediation.member import OutOfTime, member_identity
from tests.support.actions import World
from tests.support.wire import Fault

NAME = "AWS-DisablePublicAccessForSecurityGroup"
CLOSE = DocumentSaid(NAME, "2", (("GroupId", ("{{ resource.name }}",)),))
START, GET, STOP = (f"AmazonSSM.{each}AutomationExecution" for each in ("Start", "Get", "Stop"))


@pytest.fixture(autouse=True)
def as_written(world: World) -> Iterator[None]:
    yield
    world.cloud.script("ssm")


def open_group(world: World) -> ResourceKey:
    """Make a group that is open for SSH and RDP, IPv4 and IPv6."""
    ec2 = world.client("ec2")
    group = ec2.create_security_group(GroupName=str(uuid.uuid4()), Description="d")["GroupId"]
    permissions = [
        {
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
        }
        for port in (22, 3389)
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    return world.resource("AwsEc2SecurityGroup", "ec2", f"security-group/{group}")


def rules(world: World, group: ResourceKey) -> int:
    filters = [{"Name": "group-id", "Values": [group.id.rsplit("/", 1)[1]]}]
    found = world.client("ec2").describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return sum(not each["IsEgress"] for each in found)


def run_for(resource: ResourceKey, document: DocumentSaid = CLOSE, uid: str = "") -> DocumentRun:
    return run_of(document, RunSubject(resource, "f", "EC2.13"), uid or str(uuid.uuid4()))


async def ended(world: World, execution_id: str) -> Any:
    for _ in range(10):
        progress = await follow(world.reader(), execution_id)
        if progress.phase is not RunPhase.GOING:
            return progress
    raise AssertionError(progress)


def executions(world: World) -> int:
    """Count the runs that were started, whatever was asked how often."""
    return sum(START in request for request in world.wire.requests)


async def test_a_document_is_run_to_its_end_with_the_rights_that_are_named(world: World) -> None:
    group = open_group(world)
    described = await describe_document(world.reader(), CLOSE)
    assert (described.owner, described.version, described.kind) == ("Amazon", "2", "Automation")
    assert why_not_run(CLOSE, described) is None
    execution_id = await start(world.writer(), run_for(group))
    progress = await ended(world, execution_id)
    assert progress.phase is RunPhase.SUCCEEDED
    assert (progress.document, progress.version) == (NAME, "2")
    now = instant_of(datetime.now(UTC))
    assert progress.ended_at is not None
    assert now - MINUTE < progress.ended_at <= now
    assert rules(world, group) == 0
    assert world.writes() == {"ssm:StartAutomationExecution": 1}
    assert set(world.operations()) - {"sts:AssumeRole", "sts:GetCallerIdentity"} <= {*IAM.read, *IAM.write}


async def test_a_failed_step_is_told_in_aws_s_words(world: World) -> None:
    group = open_group(world)
    execution_id = await start(world.writer(), run_for(group))
    assert (await ended(world, execution_id)).phase is RunPhase.SUCCEEDED
    again = await ended(world, await start(world.writer(), run_for(group)))
    assert again.phase is RunPhase.FAILED
    assert "InvalidPermission.NotFound" in again.message
    assert again.step == "RevokeSSH"


async def test_one_entry_of_the_journal_starts_one_run_however_often_it_is_sent(world: World) -> None:
    group, uid = open_group(world), str(uuid.uuid4())
    first = await start(world.writer(), run_for(group, uid=uid))
    assert await start(world.writer(), run_for(group, uid=uid)) == first
    await ended(world, first)
    assert await start(world.writer(), run_for(group, uid=uid)) == first
    other = run_for(group, CLOSE._replace(version="1"), uid)
    with pytest.raises(AwsError, match="IdempotentParameterMismatch"):
        await start(world.writer(), other)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.TRUNCATED, Fault.EMPTY, Fault.HTML, Fault.BROKEN])
async def test_a_start_without_an_answer_is_sent_once_and_may_be_sent_again(
    world: World, fault: Fault
) -> None:
    group, uid = open_group(world), str(uuid.uuid4())
    world.wire.fail(START, fault)
    with pytest.raises(Retryable) as lost:
        await start(world.writer(), run_for(group, uid=uid))
    assert outcome_is_unknown(lost.value)
    assert executions(world) == 1
    world.wire.heal()
    execution_id = await start(world.writer(), run_for(group, uid=uid))
    assert (await ended(world, execution_id)).phase is RunPhase.SUCCEEDED
    assert rules(world, group) == 0


async def test_what_is_refused_is_told_by_what_it_means(world: World) -> None:
    group = open_group(world)
    world.wire.fail(START, Fault.DENIED)
    with pytest.raises(AccessDenied):
        await start(world.writer(), run_for(group))
    world.wire.heal()
    for code in ("ThrottlingException", "AutomationExecutionLimitExceededException"):
        world.cloud.script("ssm", {"refuse": "StartAutomationExecution", "code": code, "count": 1})
        with pytest.raises(Throttled):
            await start(world.writer(), run_for(group))
    assert executions(world) == 3
    missing = run_for(group, DocumentSaid("AWS-NoSuchDocument", "1"))
    with pytest.raises(AwsError, match="AutomationDefinitionNotFoundException") as refused:
        await start(world.writer(), missing)
    assert not isinstance(refused.value, Retryable)


@pytest.mark.parametrize(
    ("name", "version"), [("AWS-NoSuchDocument", "1"), (NAME, "99"), ("Own-Document", "1")]
)
async def test_a_document_that_is_not_there_is_refused(world: World, name: str, version: str) -> None:
    with pytest.raises(
        Refused, match=f"no document {name} version {version} in account {world.account}"
    ) as no:
        await describe_document(world.reader(), DocumentSaid(name, version))
    assert no.value.reason is Reason.NOT_SUPPORTED


async def test_the_owner_is_whoever_made_the_document_in_that_account(world: World) -> None:
    content = {
        "schemaVersion": "0.3",
        "parameters": {
            "Groups": {"type": "StringList"},
            "Dry": {"type": "String", "default": "no"},
        },
        "mainSteps": [{"name": "Wait", "action": "aws:sleep", "inputs": {}}],
    }
    world.client("ssm").create_document(
        Name="Close-Groups", DocumentType="Automation", DocumentFormat="JSON", Content=json.dumps(content)
    )
    own = DocumentSaid("Close-Groups", "1", (("Groups", ("a", "b")),))
    described = await describe_document(world.reader(), own)
    assert described.owner == world.account
    assert why_not_run(own, described) is None
    execution_id = await start(world.writer(), run_for(open_group(world), own))
    assert (await ended(world, execution_id)).phase is RunPhase.SUCCEEDED


async def test_a_run_is_stopped_once_and_one_that_is_over_stays_so(world: World) -> None:
    group = open_group(world)
    execution_id = await start(world.writer(), run_for(group))
    await stop(world.writer(), execution_id)
    assert (await follow(world.reader(), execution_id)).phase is RunPhase.GOING
    assert (await ended(world, execution_id)).phase is RunPhase.STOPPED
    assert rules(world, group) == 4
    await stop(world.writer(), execution_id)
    await stop(world.writer(), str(uuid.uuid4()))
    world.wire.fail(STOP, Fault.DENIED)
    with pytest.raises(AccessDenied):
        await stop(world.writer(), execution_id)


async def test_nothing_is_started_or_stopped_once_the_lease_is_about_to_end(world: World) -> None:
    group = open_group(world)
    world.seconds_left = 0.0
    with pytest.raises(OutOfTime):
        await start(world.writer(), run_for(group))
    with pytest.raises(OutOfTime):
        await stop(world.writer(), str(uuid.uuid4()))
    assert not world.wire.requests


async def test_a_run_of_another_account_or_region_is_not_found(world: World) -> None:
    execution_id = await start(world.writer(), run_for(open_group(world)))
    elsewhere = member_identity(world.account, "us-east-1", "posture-remediation", None)
    progress = await follow(world.reader(elsewhere), execution_id)
    assert (progress.status, progress.phase) == (NOT_FOUND, RunPhase.LOST)


async def test_what_stays_in_progress_or_waits_for_a_person_is_going(world: World) -> None:
    for meanwhile in ("InProgress", "PendingApproval", "Waiting"):
        world.cloud.script("ssm", {"polls": None, "meanwhile": meanwhile})
        execution_id = await start(world.writer(), run_for(open_group(world)))
        progress = await follow(world.reader(), execution_id)
        assert (progress.status, progress.phase) == (meanwhile, RunPhase.GOING)


async def test_reads_are_throttled_only_for_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    execution_id = await start(world.writer(), run_for(open_group(world)))
    world.cloud.script("ssm", {"refuse": "GetAutomationExecution", "count": 1})
    monkeypatch.setattr(member, "PATIENCE", 60.0)
    assert (await follow(world.reader(), execution_id)).phase is RunPhase.GOING
    world.cloud.script("ssm", {"refuse": "GetAutomationExecution"})
    monkeypatch.setattr(member, "PATIENCE", 0.2)
    with pytest.raises(Throttled):
        await follow(world.reader(), execution_id)
