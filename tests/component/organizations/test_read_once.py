"""A hub that is read once knows the organizations that are asked for, or says why it does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from posture.aws.client.errors import AccessDenied
from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub
from posture.once import hub_read_once
from sandbox.cloud import Cloud
from tests.support.organization import ADMINISTRATOR, KEY, MEMBERS, READER, demand

HUB = HubKey(READER, None, "eu-west-1")
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
SEED = {
    "administrator": ADMINISTRATOR,
    "accounts": [{"id": ADMINISTRATOR, "name": "platform"}, {"id": MEMBERS[1], "name": "shop"}],
    "regions": ["eu-west-1"],
    "standards": [FSBP],
}


@asynccontextmanager
async def once(folder: Path, *tag_keys: str) -> AsyncIterator[Hub]:
    hour, day = timedelta(hours=1), timedelta(days=1)
    asked = Demand(hour, day, frozenset({"Security Hub"}), day, organization=demand(*tag_keys))
    async with hub_read_once(HUB, [asked], folder, quota_share=1.0, told=lambda _: None) as read:
        yield read.hub


async def test_tags_of_all_its_accounts_are_known(cloud: Cloud, tmp_path: Path) -> None:
    cloud.control.reset()
    cloud.control.seed(SEED)
    async with once(tmp_path) as hub:
        known = hub.status.organizations[KEY].known
        assert known.tags[ADMINISTRATOR] == {"workload": f"shop-{ADMINISTRATOR[-2:]}"}
        assert known.tags[MEMBERS[1]] == {"workload": "shop-00"}


@pytest.mark.parametrize("operation", ["ListAccounts", "ListTagsForResource"])
async def test_what_may_not_be_read_ends_it_with_what_to_do(
    cloud: Cloud, tmp_path: Path, operation: str
) -> None:
    cloud.control.reset()
    cloud.control.seed(SEED)
    cloud.meddle("fault", service="organizations", operation=operation, code="AccessDeniedException")
    with pytest.raises(AccessDenied, match=f"organizations:{operation}"):
        async with once(tmp_path):
            pass
