"""What a hub is survives a restart, and a store of a version before this opens."""

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from posture.aws.client.errors import Throttled
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.setup.facts import HubSetup, Joining, Linking, SetupPart, Untold
from posture.sources.findings_view import FindingsView
from posture.sources.securityhub.context import Bounds, SyncContext
from posture.sources.securityhub.facts import Cloud, Discovered, current_facts, stored_facts
from posture.sources.thread import Worker
from tests.support.hub_facts import facts
from tests.support.rows import opened

SETUP = HubSetup(
    auto_enable_controls=True,
    administers=True,
    management=None,
    joining=Joining(members=True, standards=False, central="FAILED", why_failed="why", full=True),
    linking=Linking("eu-west-1", "SPECIFIED_REGIONS", ("us-east-1",)),
    second_version=False,
    apart={"444455556666": "Removed"},
    untold={SetupPart.MANAGEMENT: Untold("denied", "allow it")},
)
WHOLE = facts(members={"111122223333": None}, setup=SETUP)
"""As a hub is found."""


class Asked:
    """A cloud whose facts are these, or an error."""

    def __init__(self, found: HubFacts | Throttled) -> None:
        self.found, self.times = found, 0

    async def discover(self) -> HubFacts:
        self.times += 1
        if isinstance(self.found, Throttled):
            raise self.found
        return self.found


@pytest.fixture
async def context(tmp_path: Path) -> Any:
    worker = Worker("hub")
    with opened(tmp_path / "store.db") as store:
        view = FindingsView(store)
        yield SimpleNamespace(worker=worker, findings=view, bounds=Bounds())
        await worker.close(lambda: None)


async def discovered(context: Any, cloud: Asked, before: Discovered | None) -> Discovered:
    found, _ = await current_facts(cast("SyncContext", context), cast("Cloud", cloud), before, anew=False)
    return found


async def test_what_was_found_is_there_after_a_restart(context: Any) -> None:
    cloud = Asked(WHOLE)
    await discovered(context, cloud, None)
    again = await stored_facts(context)
    assert again is not None
    assert again.facts == WHOLE
    assert (await discovered(context, cloud, again)).facts == WHOLE
    assert cloud.times == 1, "it is not old yet"


async def test_a_store_of_before_opens_and_the_set_up_is_asked_at_once(context: Any) -> None:
    """A version before this wrote facts without it: they are good until they have been found out anew."""
    old = json.loads(msgspec.json.encode(Discovered(WHOLE, time.time_ns() // 1_000)))
    del old["facts"][HubFacts._fields.index("setup") :]
    context.findings.kept.put_state({"facts": json.dumps(old)})
    before = await stored_facts(context)
    assert before is not None
    assert before.facts == WHOLE._replace(setup=None)
    denied = Throttled("slow", service="securityhub", operation="DescribeHub", code="Throttling")
    assert (await discovered(context, Asked(denied), before)).facts == before.facts
    cloud = Asked(WHOLE)
    assert (await discovered(context, cloud, before)).facts == WHOLE
    assert cloud.times == 1


async def test_facts_that_nobody_can_read_are_found_out_anew(context: Any) -> None:
    context.findings.kept.put_state({"facts": '{"facts": 1}'})
    assert await stored_facts(context) is None
