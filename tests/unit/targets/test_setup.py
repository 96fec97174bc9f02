"""What a target says of the set-up: of accounts that it may see, anew when something changes, and no more."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from posture.api.targets.status import OrganizationCheck, PostureTargetStatus
from posture.aws.client.errors import HubNotEnabled, Throttled
from posture.domain.organization import AccountState, KnownOrganization, OrganizationAccount
from posture.domain.setup.facts import HubSetup, Joining, Linking, SetupPart, Untold
from posture.domain.setup.recorders import Recorders
from posture.domain.standards import Controls
from posture.hubs.hub import Hub
from posture.hubs.organization import OrganizationStatus
from posture.hubs.status import HubStatus
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.publish.reports import Shown, TargetReport
from posture.targets.setup import TargetSetup
from posture.targets.situation import hub_fields
from posture.targets.status import scope_digest
from tests.support.hub_facts import ACCOUNT, facts
from tests.unit.targets.test_grouping import admitted

SEEN, HIDDEN, EXCLUDED = "155566667777", "999988887777", "144455556666"
"""Only accounts that begin with 1 are granted."""
SETUP = HubSetup(
    auto_enable_controls=True,
    administers=True,
    management=False,
    joining=Joining(members=True, standards=True, central="ENABLED"),
    linking=Linking("eu-west-1", "ALL_REGIONS"),
    second_version=False,
)
WHOLE = facts(members={ACCOUNT: None, SEEN: None}, setup=SETUP)
OFF = HubNotEnabled("off", service="securityhub", operation="DescribeHub", code="Off", advice="Turn it on")
SLOW = Throttled("slow", service="securityhub", operation="GetFindings", code="TooManyRequestsException")


class OnPaper:
    """As much of a hub as what is said follows from. `looks`: how often its findings were looked at."""

    def __init__(self, **status: Any) -> None:
        self.status = HubStatus(**{"facts": WHOLE, **status})
        self.recorders: Recorders | None = Recorders(passed=2)
        self.looks = 0

    def controls(self) -> Controls:
        return Controls({})

    async def look(self, look: Callable[[Any], Any]) -> Any:
        self.looks += 1
        return look(Looked(self.recorders))


class Looked:
    def __init__(self, recorders: Recorders | None) -> None:
        self._recorders = recorders

    def recorders(self, *_: object) -> Recorders | None:
        return self._recorders


class Evaluation:
    def __init__(self, *silent: str) -> None:
        self.silent = silent
        self.evaluation = self


async def said(
    hub: OnPaper, evaluation: Evaluation | None = None, **spec: Any
) -> dict[str, OrganizationCheck]:
    told = await TargetSetup().fields(
        cast("Hub", hub), admitted(**spec), cast("Shown", evaluation or Evaluation())
    )
    return {each.check.value: each for each in told.get("organization", ())}


async def test_every_part_is_told_in_order_with_what_to_do() -> None:
    found = await said(OnPaper())
    assert list(found) == [
        "Hub", "DelegatedAdministrator", "Aggregation", "Members", "AutoEnableMembers", "AutoEnableStandards",
        "AutoEnableControls", "CentralConfiguration", "ConsolidatedFindings", "ConfigRecorder",
        "SecurityHubV2",
    ]  # fmt: skip
    assert {each.status.value for each in found.values()} == {"Ok"}
    alone = await said(OnPaper(facts=WHOLE._replace(setup=SETUP._replace(linking=None))))
    assert alone["Aggregation"].message.endswith("Make a finding aggregator, or a target for each Region.")


async def test_accounts_that_are_not_granted_or_excluded_are_not_named() -> None:
    setup = SETUP._replace(apart=dict.fromkeys((SEEN, HIDDEN, EXCLUDED), "Removed"))
    hub = OnPaper(facts=WHOLE._replace(setup=setup))
    message = (await said(hub, accounts={"exclude": [EXCLUDED]}))["Members"].message
    assert SEEN in message
    assert "1 account is no member" in message
    assert HIDDEN not in message
    assert EXCLUDED not in message


async def test_accounts_of_the_organization_that_are_no_members_are_told() -> None:
    accounts = {
        each: OrganizationAccount("", AccountState.ACTIVE) for each in (ACCOUNT, SEEN, HIDDEN, "122233334444")
    }
    accounts["133344445555"] = OrganizationAccount("", AccountState.CLOSED)
    admission = admitted({})
    statuses = {admission.organization: OrganizationStatus(KnownOrganization(accounts, {}, 1))}
    hub = OnPaper(organizations=statuses)
    told = await TargetSetup().fields(cast("Hub", hub), admission, cast("Shown", Evaluation()))
    (members,) = [each for each in told["organization"] if each.check.value == "Members"]
    assert members.message.startswith("1 account is no member and not seen: 122233334444.")


async def test_silent_members_are_told_once_they_are_known() -> None:
    assert (await said(OnPaper(), Evaluation(SEEN)))["Members"].status.value == "Warning"
    told = await TargetSetup().fields(cast("Hub", OnPaper()), admitted(), None)
    (members,) = [each for each in told["organization"] if each.check.value == "Members"]
    assert members.status.value == "Unknown"


async def test_what_is_not_known_has_no_metric() -> None:
    setup = SETUP._replace(
        second_version=None, untold={SetupPart.SECOND_VERSION: Untold("denied", "allow it")}, linking=None
    )
    known = TargetSetup()
    hub = OnPaper(facts=WHOLE._replace(setup=setup))
    await known.fields(cast("Hub", hub), admitted(), cast("Shown", Evaluation()))
    assert known.told["Hub"] is True
    assert known.told["Aggregation"] is False
    assert not known.told.keys() & {"SecurityHubV2", "ConfigRecorder"}
    exposition = Exposition()
    report = TargetReport("ns", "t", {}, None, None, per_control=False, setup=known.told)
    await PrometheusSink(exposition).show_target("uid", report, lambda: 1.0)
    page = exposition.page().plain.decode()
    assert 'posture_setup_check{check="aggregation",namespace="ns",target="t"} 0' in page
    assert 'posture_setup_check{check="delegated_administrator",namespace="ns",target="t"} 1' in page
    assert "security_hub_v2" not in page
    known.forget()
    assert known.told == {}


@pytest.mark.parametrize("known", [None, WHOLE])
async def test_a_hub_that_is_off_is_said_to_be_off_whatever_was_known(known: Any) -> None:
    found = await said(OnPaper(facts=known, error=OFF))
    assert found["Hub"].status.value == "Failed"
    assert found["Hub"].message.endswith("Turn it on.")
    assert {each.status.value for name, each in found.items() if name != "Hub"} == {"Unknown"}


@pytest.mark.parametrize("known", [None, WHOLE._replace(setup=None)])
async def test_while_nothing_is_known_nothing_new_is_said(known: Any) -> None:
    target = TargetSetup()
    hub = cast("Hub", OnPaper(facts=known, error=SLOW))
    assert await target.fields(hub, admitted(), None) == {}
    assert target.told == {}


def test_what_was_told_before_is_told_on_of_the_same_scope_only() -> None:
    admission = admitted()
    entry = OrganizationCheck.model_validate({"check": "Hub", "status": "Ok", "message": "on"})
    hub = HubStatus(facts=None)
    same = PostureTargetStatus(organization=(entry,), scope_digest=scope_digest(admission))
    assert hub_fields(admission, hub, same)["organization"] == (entry,)
    other = PostureTargetStatus(organization=(entry,), scope_digest="other")
    assert hub_fields(admission, hub, other)["organization"] == ()


async def test_findings_are_looked_at_when_something_changed() -> None:
    hub, target, admission = OnPaper(version=1), TargetSetup(), admitted()
    shown = cast("Shown", Evaluation())
    first = await target.fields(cast("Hub", hub), admission, shown)
    assert await target.fields(cast("Hub", hub), admission, shown) == first
    assert hub.looks == 1
    hub.status, hub.recorders = HubStatus(facts=WHOLE, version=2), Recorders(((SEEN, "eu-west-1"),))
    await target.fields(cast("Hub", hub), admission, shown)
    assert (hub.looks, target.told["ConfigRecorder"]) == (2, False)
