"""A control that is off in the hub's own account and Region counts wherever else it is on."""

from typing import Any

import pytest

from posture.aws.securityhub import SecurityHub
from posture.domain.accounts import AccountFilter
from posture.domain.controls import Controls, ControlStatus
from posture.domain.evaluation import Evaluation, View
from posture.domain.grouping import Grouping
from posture.domain.scores import Score
from sandbox.securityhub.accounts import Aggregator, Association
from sandbox.securityhub.seed import set_control
from tests import oracle
from tests.component.hubs.conftest import OpenSync
from tests.component.hubs.world import ADMINISTRATOR, FSBP, MEMBERS, MINUTE, REGION, World, finding
from tests.oracle import product

LINKED = "us-east-1"
SPEC: dict[str, Any] = {
    "source": {"securityStandards": {"standards": ["*"]}},
    "scoring": {"evaluationWindow": "26h"},
}
Place = tuple[str, str]
HOME: Place = (ADMINISTRATOR, REGION)


def turn_off(world: World, control: str, place: Place) -> None:
    off = Association(enabled=False, reason="not here", updated=world.emulator.clock.now())
    account, region = place
    assert set_control(world.emulator, FSBP, control, account=account, region=region, association=off) == 1


def put(world: World, control: str, place: Place, compliance: str) -> dict[str, Any]:
    account, region = place
    document = finding(
        f"{control}-{compliance}",
        updated_at=world.now(MINUTE),
        account=account,
        region=region,
        control=control,
        compliance=compliance,
    )
    world.load([document])
    return document


async def evaluated(client: SecurityHub, open_sync: OpenSync, seen: list[dict[str, Any]]) -> Evaluation:
    """Discover, sweep and evaluate; the oracle makes the same of the findings that are seen."""
    facts = await client.discover()
    sync = await open_sync("Security Hub")
    await sync.sweep()
    assert await sync.poll()
    published, known = sync.published, sync.desk.known
    assert published is not None
    view = View(
        standards=(FSBP,),
        controls=Controls({standard.name: standard for standard in facts.standards}),
        accounts=AccountFilter(),
        grouping=Grouping(),
        home=(facts.account_id, facts.region),
        names=published.names,
        members=frozenset(facts.members),
    )
    (window,) = sync.windows
    exact = await sync.desk.worker.call(known.evaluate, view, window)
    assert exact is not None
    hub = {
        "account": ADMINISTRATOR,
        "region": REGION,
        "members": dict(facts.members),
        "standards": {
            each.name: {"controls": [control._asdict() for control in each.controls.values()]}
            for each in facts.standards
        },
    }
    assert product.numbers(exact.evaluation) == oracle.scores(seen, SPEC, hub, published.exact_at)
    return exact.evaluation


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
