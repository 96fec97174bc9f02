"""Standards about other clouds: enabled in the hub, and meant only by those who name them."""

import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.domain.scoring.scores import Score
from sandbox.securityhub.catalogue import AZURE, STANDARDS
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.scored import evaluated, put
from tests.support.hubs.world import ADMINISTRATOR, FSBP, REGION, World

HOME = (ADMINISTRATOR, REGION)


@pytest.mark.parametrize(
    ("standards", "score"),
    [(["*"], Score(1, 1)), ([FSBP], Score(1, 1)), ([FSBP, AZURE], Score(1, 2)), ([AZURE], Score(0, 1))],
)
async def test_only_who_names_it_is_scored_by_it(
    world: World, client: SecurityHub, open_sync: OpenSync, standards: list[str], score: Score
) -> None:
    hub = world.emulator.organization.hub(*HOME)
    assert hub is not None
    hub.subscribe(AZURE)
    of_aws = put(world, "S3.1", HOME, "PASSED")
    compliance = {
        "Status": "FAILED",
        "SecurityControlId": "AzureStorage.1",
        "AssociatedStandards": [{"StandardsId": STANDARDS[AZURE].standards_id}],
    }
    resource = {"Type": "AzureStorageAccount", "Id": "/subscriptions/1/logs", "Provider": "Azure"}
    of_azure = put(world, "AzureStorage.1", HOME, "FAILED", Compliance=compliance, Resources=[resource])
    source = {"securityStandards": {"standards": standards}}
    evaluation = await evaluated(client, open_sync, [of_aws, of_azure], source=source)
    assert evaluation.target.aws == score
    assert sum(evaluation.findings.values()) == score.scored
