"""A standard that is enabled in a member or a linked Region alone counts, as Security Hub counts it."""

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.scoring.scores import Score
from posture.domain.standards import ControlStatus
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.scored import Place, evaluated, put
from tests.support.hubs.world import ADMINISTRATOR, FSBP, MEMBERS, REGION, World

CIS_1_4 = "cis-aws-foundations-benchmark/v/1.4.0"
SOURCE = {"securityStandards": {"standards": [FSBP, CIS_1_4]}}


@pytest.mark.parametrize("place", [(MEMBERS[0], REGION), (ADMINISTRATOR, "us-east-1")])
async def test_it_is_scored_by_its_findings(
    world: World, client: SecurityHub, open_sync: OpenSync, place: Place
) -> None:
    assert CIS_1_4 not in {each.name for each in (await client.discover()).standards}
    compliance = {
        "Status": "FAILED",
        "SecurityControlId": "IAM.6",
        "AssociatedStandards": [{"StandardsId": f"standards/{CIS_1_4}"}],
    }
    seen = [
        put(world, "S3.1", (ADMINISTRATOR, REGION), "PASSED"),
        put(world, "IAM.6", place, "FAILED", Compliance=compliance),
    ]
    evaluation = await evaluated(client, open_sync, seen, source=SOURCE)
    assert evaluation.statuses[CIS_1_4, "IAM.6"] is ControlStatus.FAILED
    assert (evaluation.standards[CIS_1_4].aws, evaluation.target.aws) == (Score(0, 1), Score(1, 2))
    assert evaluation.standards[CIS_1_4].expected is None
