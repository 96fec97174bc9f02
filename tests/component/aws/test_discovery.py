"""What a hub says of itself, and what is left of that when calls are denied."""

from collections.abc import Callable
from typing import Any

import pytest

from posture.aws.client.calls import Answer, Calls
from posture.aws.client.errors import AccessDenied, MalformedResponse, Retryable
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.associations import AssociationUpdate
from posture.aws.securityhub.client import SecurityHub
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import ADMINISTRATOR, CIS_1_4, FSBP, MEMBER, REGION, Hub
from tests.support.partitions import PARTITIONS


async def test_an_administrator_in_its_aggregation_region(hub: SecurityHub) -> None:
    facts = await hub.discover()
    assert facts.missing == ()
    assert (facts.account_id, facts.region) == (ADMINISTRATOR, REGION)
    assert (facts.administrator, facts.administrator_id) == (True, None)
    assert facts.aggregation_region == REGION
    assert facts.finding_format == "SECURITY_CONTROL"
    assert facts.central_configuration is False
    assert facts.members == {ADMINISTRATOR: None, MEMBER: None}
    assert [(each.name, each.status) for each in facts.standards] == [(FSBP, "READY"), (CIS_1_4, "READY")]


async def test_standards_know_their_controls_and_numbers(hub: SecurityHub) -> None:
    fsbp, cis = (await hub.discover()).standards
    assert fsbp.complete
    assert cis.complete
    assert len(fsbp.controls) > 100
    assert fsbp.controls["S3.11"].enabled is False
    assert fsbp.controls["S3.1"].enabled is True
    assert fsbp.controls["CLOUDTRAIL.4"].id == "CloudTrail.4"
    assert fsbp.controls["ELB.1"].numbers == ("ELBv2.1",)
    assert cis.controls["CLOUDWATCH.1"].numbers == ("1.7", "4.3")
    assert cis.arn.endswith(CIS_1_4)


async def test_a_member_names_its_administrator(hub_of: Hub, control: ControlClient) -> None:
    control.hub(MEMBER, "us-east-1", control_finding_generator="STANDARD_CONTROL", standards=[CIS_1_4])
    facts = await hub_of(f"arn:aws:iam::{MEMBER}:role/posture-reader", region="us-east-1").discover()
    assert facts.missing == ()
    assert (facts.account_id, facts.region) == (MEMBER, "us-east-1")
    assert (facts.administrator, facts.administrator_id) == (False, ADMINISTRATOR)
    assert facts.central_configuration is None
    assert facts.members == {MEMBER: None}
    assert facts.aggregation_region == REGION
    assert facts.finding_format == "STANDARD_CONTROL"
    assert [standard.name for standard in facts.standards] == [CIS_1_4]


async def test_central_configuration_is_seen(hub: SecurityHub, control: ControlClient) -> None:
    control.members(configuration_type="CENTRAL")
    assert (await hub.discover()).central_configuration is True


async def test_many_members_come_in_pages(hub: SecurityHub, control: ControlClient) -> None:
    joined = {f"{n:012}": f"account-{n}" for n in range(1, 121)}
    control.members(join=joined)
    facts = await hub.discover()
    assert set(facts.members) == {ADMINISTRATOR, MEMBER, *joined}
    control.fault("invalid_token", "ListMembers", count=2)
    assert await hub.discover() == facts
    control.fault("invalid_token", "ListMembers", count=None)
    with pytest.raises(Retryable):
        await hub.discover()


class Meddled(SecurityHub):
    """A hub to whose members something may happen before each answer of ListMembers.

    Its tokens are numbers of entries to pass over, so one that goes moves those behind it.
    """

    between: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, sessions: Sessions, limiters: Limiters, usage: Usage) -> None:
        identity = Identity(None, None, REGION)
        super().__init__(sessions, identity, limiters, usage)
        meddled = self

        class MeddledCalls(Calls):
            async def call(self, operation: str, *arguments: Any, **options: Any) -> Answer:
                if operation == "ListMembers":
                    meddled.between()
                return await super().call(operation, *arguments, **options)

        self._calls = MeddledCalls(sessions, identity, limiters, usage, service="securityhub")


@pytest.fixture
def meddled(sessions: Sessions, limiters: Limiters, usage: Usage) -> Meddled:
    return Meddled(sessions, limiters, usage)


async def test_a_member_that_goes_lets_no_other_go_unread(meddled: Meddled, control: ControlClient) -> None:
    joined = [f"{n:012}" for n in range(1, 121)]
    control.members(join=dict.fromkeys(joined, "account"))
    leaving = iter(joined[:3])

    def leave() -> None:
        if (gone := next(leaving, None)) is not None:
            control.members(leave=[gone])

    meddled.between = leave
    assert set((await meddled.discover()).members) == {ADMINISTRATOR, MEMBER, *joined[3:]}


async def test_members_that_never_stay_the_same_are_not_known(
    meddled: Meddled, control: ControlClient
) -> None:
    """Nobody is silent for not being in such a list: the facts of before stay, or there are none."""
    joined = [f"{n:012}" for n in range(1, 121)]
    control.members(join=dict.fromkeys(joined, "account"))
    leaving = iter(joined)
    meddled.between = lambda: control.members(leave=[next(leaving)])
    with pytest.raises(Retryable, match="It changes each time it is read"):
        await meddled.discover()


@pytest.mark.parametrize(
    "operation",
    [
        "ListMembers",
        "GetAdministratorAccount",
        "DescribeOrganizationConfiguration",
        "ListFindingAggregators",
        "GetFindingAggregator",
        "GetEnabledStandards",
        "ListSecurityControlDefinitions",
        "BatchGetStandardsControlAssociations",
    ],
)
async def test_a_denied_call_costs_its_part_only_and_is_named(
    hub: SecurityHub, control: ControlClient, operation: str
) -> None:
    whole = await hub.discover()
    control.fault("denied", operation, count=None)
    facts = await hub.discover()
    assert facts.missing
    assert all(f"Allow securityhub:{operation} to this identity" in advice for advice in facts.missing)
    if operation in {"ListSecurityControlDefinitions", "BatchGetStandardsControlAssociations"}:
        assert len(facts.missing) == 2
        assert [standard.name for standard in facts.standards] == [FSBP, CIS_1_4]
        assert not any(standard.complete for standard in facts.standards)
    elif operation == "GetEnabledStandards":
        assert facts.standards == ()
    else:
        assert facts.standards == whole.standards
    if operation == "ListMembers":
        assert facts.members == {ADMINISTRATOR: None}
        assert facts.administrator
    assert (facts.central_configuration is None) == (operation == "DescribeOrganizationConfiguration")
    assert (facts.aggregation_region is None) == ("Aggregator" in operation)


async def test_the_hub_itself_must_be_readable(hub: SecurityHub, control: ControlClient) -> None:
    control.fault("denied", "DescribeHub", count=None)
    with pytest.raises(AccessDenied, match="Allow securityhub:DescribeHub"):
        await hub.discover()


async def test_a_standard_that_is_not_ready_is_incomplete(hub: SecurityHub, control: ControlClient) -> None:
    control.fault(
        "error",
        "BatchGetStandardsControlAssociations",
        count=None,
        options={"status": 404, "code": "ResourceNotFoundException", "message": "NOT_READY_FOR_UPDATES"},
    )
    facts = await hub.discover()
    assert not any(standard.complete for standard in facts.standards)
    assert all("NOT_READY_FOR_UPDATES" in advice for advice in facts.missing)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("DescribeHub", "empty"),
        ("ListMembers", "truncated"),
        ("ListMembers", "error"),
        ("BatchGetStandardsControlAssociations", "error"),
        ("BatchGetStandardsControlAssociations", "html"),
    ],
)
async def test_facts_are_whole_or_an_error(
    hub: SecurityHub, control: ControlClient, operation: str, kind: str
) -> None:
    control.fault(kind, operation, count=2)
    assert (await hub.discover()).missing == ()
    control.fault(kind, operation, count=None)
    with pytest.raises(Retryable) as raised:
        await hub.discover()
    assert isinstance(raised.value, MalformedResponse) == (kind != "error")


async def test_controls_are_turned_off_and_on(hub: SecurityHub) -> None:
    fsbp, cis = (await hub.discover()).standards
    updates = [
        AssociationUpdate(fsbp.arn, "S3.1", enabled=False, reason="SEC-1"),
        AssociationUpdate(fsbp.arn, "S3.11", enabled=True),
        AssociationUpdate(fsbp.arn, "Nothing.1", enabled=False, reason="SEC-1"),
    ]
    [left] = await hub.batch_update_standards_control_associations(updates)
    assert left.update == updates[2]
    assert left.code
    arn = cis.arn.replace("::standards/", f":{ADMINISTRATOR}:control/") + "/1.10"
    await hub.update_standards_control(arn, enabled=False, reason="SEC-2")
    fsbp, cis = (await hub.discover()).standards
    assert (fsbp.controls["S3.1"].enabled, fsbp.controls["S3.11"].enabled) == (False, True)
    assert [control.enabled for control in cis.controls.values() if "1.10" in control.numbers] == [False]


@pytest.mark.parametrize(("partition", "region"), PARTITIONS.items())
async def test_the_partition_is_that_of_the_hub_s_own_arn(
    hub_of: Hub, control: ControlClient, region: str, partition: str
) -> None:
    """CIS 1.2 alone: its ARN has no Region."""
    control.hub(ADMINISTRATOR, region, standards=["cis-aws-foundations-benchmark/v/1.2.0"])
    facts = await hub_of(region=region).discover()
    assert facts.partition == partition


async def test_an_administrator_that_was_not_accepted_administers_nobody(
    hub_of: Hub, control: ControlClient
) -> None:
    control.hub(MEMBER, "us-east-1", standards=[CIS_1_4])
    hub = hub_of(f"arn:aws:iam::{MEMBER}:role/posture-reader", region="us-east-1")
    assert (await hub.discover()).administrator_id == ADMINISTRATOR
    control.members(status={MEMBER: "Removed"})
    assert (await hub.discover()).administrator_id is None


OTHER = "us-east-1"


@pytest.mark.parametrize(
    ("mode", "regions", "from_home", "from_other"),
    [
        ("ALL_REGIONS", [], REGION, REGION),
        ("SPECIFIED_REGIONS", [OTHER], REGION, REGION),
        ("SPECIFIED_REGIONS", ["eu-north-1"], REGION, None),
        ("ALL_REGIONS_EXCEPT_SPECIFIED", [OTHER], REGION, None),
        ("ALL_REGIONS_EXCEPT_SPECIFIED", ["eu-north-1"], REGION, REGION),
        ("NO_REGIONS", [], None, None),
    ],
)
async def test_findings_are_aggregated_where_regions_are_linked(
    hub_of: Hub,
    control: ControlClient,
    mode: str,
    regions: list[str],
    from_home: str | None,
    from_other: str | None,
) -> None:
    aggregation = {"region": REGION, "mode": mode, "regions": regions}
    control.reset()
    control.seed(
        {
            "administrator": ADMINISTRATOR,
            "accounts": [{"id": ADMINISTRATOR, "name": "platform"}],
            "regions": [REGION, OTHER],
            "aggregation": aggregation,
        }
    )
    assert (await hub_of().discover()).aggregation_region == from_home
    assert (await hub_of(region=OTHER).discover()).aggregation_region == from_other
