"""A control that is off in the hub's own account and Region counts wherever else it is on."""

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.scoring.scores import Score
from posture.domain.standards import ControlStatus
from sandbox.securityhub.accounts import Aggregator, Association
from sandbox.securityhub.seed import set_control
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.scored import Place, evaluated, put
from tests.support.hubs.world import ADMINISTRATOR, FSBP, MEMBERS, REGION, World

LINKED = "us-east-1"
HOME: Place = (ADMINISTRATOR, REGION)


def turn_off(world: World, control: str, place: Place) -> None:
    off = Association(enabled=False, reason="not here", updated=world.emulator.clock.now())
    account, region = place
    assert set_control(world.emulator, FSBP, control, account=account, region=region, association=off) == 1


@pytest.mark.parametrize("elsewhere", [(ADMINISTRATOR, LINKED), (MEMBERS[0], REGION), (MEMBERS[0], LINKED)])
async def test_it_fails_where_it_fails(
    world: World, client: SecurityHub, open_sync: OpenSync, elsewhere: Place
) -> None:
    turn_off(world, "IAM.6", HOME)
    seen = [
        put(world, "S3.1", HOME, "PASSED"),
        put(world, "IAM.6", HOME, "PASSED"),
        put(world, "IAM.6", elsewhere, "FAILED"),
    ]
    evaluation = await evaluated(client, open_sync, seen)
    assert evaluation.target.aws == Score(1, 2)
    assert evaluation.statuses[FSBP, "IAM.6"] is ControlStatus.FAILED


async def test_off_in_a_member_alone_it_is_told_by_its_findings(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    turn_off(world, "IAM.6", (MEMBERS[0], REGION))
    seen = [put(world, "S3.1", HOME, "PASSED"), put(world, "IAM.6", (MEMBERS[0], REGION), "FAILED")]
    assert (await evaluated(client, open_sync, seen)).target.aws == Score(1, 2)


@pytest.mark.parametrize(
    ("mode", "regions", "is_linked"),
    [
        ("ALL_REGIONS_EXCEPT_SPECIFIED", [LINKED], False),
        ("NO_REGIONS", [], False),
        ("SPECIFIED_REGIONS", [LINKED], True),
    ],
)
async def test_a_region_counts_while_it_is_linked(
    world: World, client: SecurityHub, open_sync: OpenSync, mode: str, regions: list[str], is_linked: bool
) -> None:
    linking = Aggregator(ADMINISTRATOR, REGION, mode, regions)
    world.emulator.organization.aggregators[ADMINISTRATOR] = linking
    turn_off(world, "IAM.6", HOME)
    at_home = [put(world, "S3.1", HOME, "PASSED"), put(world, "IAM.6", HOME, "FAILED")]
    there = put(world, "IAM.6", (ADMINISTRATOR, LINKED), "FAILED")
    evaluation = await evaluated(client, open_sync, [*at_home, there] if is_linked else at_home)
    status = evaluation.statuses[FSBP, "IAM.6"]
    if is_linked:
        assert (evaluation.target.aws, status) == (Score(1, 2), ControlStatus.FAILED)
    else:
        assert (evaluation.target.aws, status) == (Score(1, 1), ControlStatus.DISABLED)
