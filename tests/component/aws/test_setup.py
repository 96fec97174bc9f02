"""How a hub is set up, as discovery reads it: whole, and when calls are refused or fail."""

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.setup.facts import HubSetup, Joining, Linking, SetupPart
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import ADMINISTRATOR, MEMBER, REGION, Hub


async def setup_of(hub: SecurityHub) -> HubSetup:
    found = (await hub.discover()).setup
    assert found is not None
    return found


async def test_an_administrator_is_told_all_of_it(hub: SecurityHub, control: ControlClient) -> None:
    assert await setup_of(hub) == HubSetup(
        auto_enable_controls=True,
        administers=True,
        management=False,
        joining=Joining(members=True, standards=True),
        linking=Linking(REGION, "ALL_REGIONS"),
        second_version=False,
    )
    control.reset_calls()
    await hub.discover()
    once = (
        "DescribeHub", "DescribeOrganizationConfiguration", "DescribeSecurityHubV2", "GetFindingAggregator",
        "ListMembers", "ListOrganizationAdminAccounts",
    )  # fmt: skip
    assert {each: control.call_total(each) for each in once} == dict.fromkeys(once, 1)


async def test_what_is_set_up_otherwise_is_read_so(hub: SecurityHub, control: ControlClient) -> None:
    control.hub(ADMINISTRATOR, REGION, auto_enable_controls=False, second_version=True)
    control.members(
        status={MEMBER: "Resigned"},
        auto_enable=False,
        auto_enable_standards="NONE",
        member_limit_reached=True,
        management=ADMINISTRATOR,
    )
    facts = await hub.discover()
    assert facts.setup == HubSetup(
        auto_enable_controls=False,
        administers=True,
        management=True,
        joining=Joining(members=False, standards=False, full=True),
        linking=Linking(REGION, "ALL_REGIONS"),
        second_version=True,
        apart={MEMBER: "Resigned"},
    )
    assert facts.members == {ADMINISTRATOR: None}, "who has resigned is no member"
    control.members(configuration_type="CENTRAL", configuration_status="FAILED", status_message="too many")
    facts = await hub.discover()
    assert facts.central_configuration is False
    assert facts.setup is not None
    assert facts.setup.joining == Joining(
        members=False, standards=False, central="FAILED", why_failed="too many", full=True
    )


async def test_a_member_sees_who_administers_it_and_no_more(hub_of: Hub, control: ControlClient) -> None:
    del control
    found = await setup_of(hub_of(f"arn:aws:iam::{MEMBER}:role/posture-reader"))
    assert (found.administers, found.administrator_id, found.joining) == (False, ADMINISTRATOR, None)
    assert found.untold == {}, "AWS's refusal to a member is an answer"


PARTS = {
    "ListMembers": SetupPart.MEMBERS,
    "GetAdministratorAccount": SetupPart.ADMINISTRATOR,
    "DescribeOrganizationConfiguration": SetupPart.JOINING,
    "ListFindingAggregators": SetupPart.LINKING,
    "GetFindingAggregator": SetupPart.LINKING,
    "ListOrganizationAdminAccounts": SetupPart.MANAGEMENT,
    "DescribeSecurityHubV2": SetupPart.SECOND_VERSION,
}

LOST = {
    SetupPart.JOINING: ["joining"],
    SetupPart.LINKING: ["linking"],
    SetupPart.MANAGEMENT: ["management"],
    SetupPart.SECOND_VERSION: ["second_version"],
}


@pytest.mark.parametrize("operation", PARTS)
async def test_what_is_denied_is_not_told_and_names_the_right(
    hub: SecurityHub, control: ControlClient, operation: str
) -> None:
    whole = await setup_of(hub)
    control.fault("denied", operation, count=None)
    found = await setup_of(hub)
    assert found.untold.keys() == {PARTS[operation]}
    (why,) = found.untold.values()
    assert "not permitted" in why.why
    assert f"Allow securityhub:{operation}" in why.advice
    lost = dict.fromkeys(LOST.get(PARTS[operation], ()))
    assert found._replace(untold={})._asdict() == {**whole._asdict(), **lost}


@pytest.mark.parametrize("operation", ["ListOrganizationAdminAccounts", "DescribeSecurityHubV2"])
@pytest.mark.parametrize("kind", ["denied", "error", "html", "truncated", "unreachable", "reset"])
async def test_a_hub_does_not_wait_for_what_is_only_told(
    hub: SecurityHub, control: ControlClient, operation: str, kind: str
) -> None:
    before = await hub.discover()
    control.fault(kind, operation, count=None)
    facts = await hub.discover()
    assert facts.setup is not None
    assert facts.setup.untold.keys() == {PARTS[operation]}
    assert facts._replace(setup=None) == before._replace(setup=None)
    control.lift_faults()
    assert await hub.discover() == before
