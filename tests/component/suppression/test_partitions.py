"""In every partition the whole way: discovery, findings, checks, score, suppression, controls turned off."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from posture.api.resource import parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from posture.aws.client.calls import Calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import NoteUpdate, SecurityHub
from posture.aws.securityhub.discovery import HubFacts
from posture.config.model import Config
from posture.domain.arns import account_of, partition_of
from posture.domain.exceptions.control_switches import (
    ControlAct,
    Switch,
)
from posture.domain.findings import Finding, FindingId, Workflow
from posture.domain.scoring.evaluation import Evaluation, TurnedOff
from posture.domain.standards import Controls, ControlStatus
from posture.hubs.demand import HubKey
from posture.reconcile.access import Admitted
from posture.reconcile.member_roles import AccountRegion, MemberRoles
from posture.reconcile.scope import chosen_standards, view_of
from posture.sources.findings_view import FindingsView
from posture.store.records import Read
from posture.suppression.controls.account import AccountControls
from posture.suppression.controls.declared import control_roles
from posture.suppression.declared import Declared
from sandbox.cloud import Cloud
from sandbox.organization.asff import Occurrence, classic, consolidated, of_product
from sandbox.securityhub.catalogue import CONTROLS
from sandbox.securityhub.client import ControlClient
from tests.support.partitions import PARTITIONS
from tests.support.rows import opened

ADMINISTRATOR, MEMBER = "111122223333", "444455556666"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS_1_2 = "cis-aws-foundations-benchmark/v/1.2.0"
WINDOW = 30 * 3_600_000_000


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start(account=ADMINISTRATOR) as running:
        yield running


@pytest.fixture(params=PARTITIONS)
def partition(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def region(partition: str) -> str:
    return PARTITIONS[partition]


@pytest.fixture
def control(cloud: Cloud, region: str, monkeypatch: pytest.MonkeyPatch) -> ControlClient:
    """Two accounts in one Region; the environment is that of the administrator's operator there."""
    for name, value in cloud.env_for(ADMINISTRATOR, region).items():
        monkeypatch.setenv(name, value)
    cloud.control.reset()
    cloud.control.seed(
        {
            "administrator": ADMINISTRATOR,
            "accounts": [{"id": ADMINISTRATOR, "name": "platform"}, {"id": MEMBER, "name": "shop"}],
            "regions": [region],
            "standards": [FSBP, CIS_1_2],
        }
    )
    return cloud.control


@pytest.fixture
async def sessions(control: ControlClient) -> AsyncIterator[Sessions]:
    del control
    async with Sessions(Usage()) as opened_:
        yield opened_


def seen(region: str, number: int, compliance: str, at: str) -> Occurrence:
    return Occurrence(
        account_id=MEMBER,
        account_name="shop",
        region=region,
        resource_type="AwsS3Bucket",
        resource_id=f"bucket-{number}",
        compliance=compliance,
        workflow="RESOLVED" if compliance == "PASSED" else "NEW",
        record_state="ACTIVE",
        created_at="2026-01-01T00:00:00.000Z",
        updated_at=at,
        unique=f"{number:036}",
        resources=1,
        tags={},
    )


def evaluated(path: Path, findings: list[Finding], facts: HubFacts, role: str, now: int) -> Evaluation:
    spec = {
        "aws": {"region": facts.region, "roleArn": role},
        "source": {"securityStandards": {"standards": [FSBP, CIS_1_2]}},
        "products": ["Security Hub", "GuardDuty"],
    }
    target = parse(PostureTarget, {"metadata": {"name": "t", "namespace": "ns"}, "spec": spec})
    chosen = chosen_standards(target.spec, facts)
    assert chosen.missing == ()
    controls = Controls({each.name: each for each in facts.standards})
    view = view_of(
        Admitted(target, HubKey(role, None, facts.region), ("*",)), facts, controls, chosen.present
    )
    with opened(path) as store:
        findings_view = FindingsView(store)
        store.write([Read(findings, now)])
        findings_view.publish(now, [WINDOW], {})
        exact = findings_view.evaluate(view, WINDOW)
        assert exact is not None
        return exact.evaluation


async def test_every_partition_the_whole_way(
    partition: str, region: str, control: ControlClient, sessions: Sessions, tmp_path: Path
) -> None:
    limiters, usage = Limiters(1.0), Usage()
    reader = f"arn:{partition}:iam::{ADMINISTRATOR}:role/posture-reader"
    hub = SecurityHub(sessions, Identity(reader, None, region), limiters, usage)

    facts = await hub.discover()
    assert (facts.partition, facts.region, facts.missing) == (partition, region, ())
    assert [(each.name, each.complete, partition_of(each.arn)) for each in facts.standards] == [
        (FSBP, True, partition),
        (CIS_1_2, True, partition),
    ]

    at = control.clock()
    number = CONTROLS["IAM.3"].numbers[CIS_1_2][0]
    control.load(
        [
            consolidated(CONTROLS["S3.1"], (FSBP,), seen(region, 1, "FAILED", at), odd_case=False),
            consolidated(CONTROLS["EC2.2"], (FSBP,), seen(region, 2, "PASSED", at), odd_case=False),
            classic(CONTROLS["IAM.3"], CIS_1_2, number, seen(region, 3, "FAILED", at), tied=False),
            of_product("guardduty", "GuardDuty", "TTPs/x", "HIGH", seen(region, 4, "FAILED", at)),
        ]
    )
    page = await hub.get_findings({})
    assert (page.rejected, page.unreadable) == ([], [])
    assert {partition_of(each.product_arn) for each in page.findings} == {partition}
    assert sorted((each.check.source is not None, each.check.control) for each in page.findings) == [
        (False, ""),
        (True, number),
        (True, "EC2.2"),
        (True, "S3.1"),
    ]

    before = evaluated(tmp_path / "before.db", page.findings, facts, reader, page.asked_at)
    assert before.statuses[FSBP, "S3.1"] is ControlStatus.FAILED
    assert before.statuses[CIS_1_2, "IAM.3"] is ControlStatus.FAILED
    assert before.target.aws is not None
    assert (before.target.aws.passed, before.target.aws.scored) == (1, 3)

    (failed,) = (each for each in page.findings if each.check.control == number)
    update = await hub.batch_update_findings(
        [FindingId(failed.product_arn, failed.id)],
        workflow=Workflow.SUPPRESSED,
        note=NoteUpdate("accepted", "posture"),
    )
    assert update.unprocessed == ()
    suppressed = await hub.get_findings({"WorkflowStatus": [{"Value": "SUPPRESSED", "Comparison": "EQUALS"}]})
    assert [each.id for each in suppressed.findings] == [failed.id]

    role = roles(facts, reader).of("ns/p", MEMBER)
    assert role is not None
    assert (partition_of(role.arn), account_of(role.arn)) == (partition, MEMBER)
    spot, identity = AccountRegion(MEMBER, region), Identity(role.arn, role.external_id, region)
    account = AccountControls(
        spot,
        Calls(sessions, identity, limiters, usage, service="securityhub"),
        SecurityHub(sessions, identity, limiters, usage),
    )
    place = TurnedOff(FSBP, "S3.1", *spot)
    live = (await account.read(lambda _standard, _provider: ("S3.1",), ())).live
    assert live[place].association.enabled
    switch = Switch(place, ControlAct.TURN_OFF, "ns/p", "a reason", ControlStatus.FAILED)
    written = await account.write([switch], live, lambda: 10.0)
    assert (written.done, written.refused) == ((switch,), ())
    live = (await account.read(lambda _standard, _provider: ("S3.1",), ())).live
    assert not live[place].association.enabled


def roles(facts: HubFacts, reader: str) -> MemberRoles:
    """Roles of one policy in the hub's partition, which alone is granted."""
    document: dict[str, Any] = {
        "metadata": {"name": "p", "namespace": "ns"},
        "spec": {
            "targetRef": {"name": "t"},
            "justification": "This control is not for us here.",
            "approvedBy": "me",
            "expiresAt": "2027-01-01T00:00:00Z",
            "disableControls": {
                "standards": [FSBP],
                "controls": ["S3.1"],
                "accounts": [MEMBER],
                "regions": [facts.region],
                "roleName": "posture-controls",
            },
        },
    }
    grant = {
        "namespaces": ["ns"],
        "roleArns": [f"arn:{facts.partition}:iam::*:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "DisableControls"],
        "disableControls": {"roleNames": ["posture-controls"]},
    }
    config = Config.model_validate({"ownerId": "us", "grants": [grant]})
    declared = Declared(document, parse(SuppressionPolicy, document), None, None, None)
    return control_roles([declared], config, partition=facts.partition, role_arn=reader)
