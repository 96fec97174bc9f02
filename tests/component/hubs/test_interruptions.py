"""A poll that is interrupted ends in a picture of one moment, however long the interruption was."""

from itertools import count

import pytest

from posture.aws.client.errors import AccessDenied
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.world import World, stored


def updated(id_: str) -> dict[str, object]:
    return {"op": "update", "id": id_, "set": {"Compliance": {"Status": "FAILED"}}}


@pytest.mark.parametrize("crash", [False, True])
async def test_what_changes_while_a_poll_is_interrupted_is_in_it(
    world: World, open_sync: OpenSync, *, crash: bool
) -> None:
    world.load(world.some(30, compliance="PASSED"))
    ids = [found[1] for found in sorted(world.truth())]
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    for interruption in count():
        world.mutate(updated(ids.pop()))
        world.emulator.faults.add("denied", operation="GetFindings", after=interruption, count=1)
        try:
            ended = await sync.poll()
        except AccessDenied:
            world.mutate(updated(ids.pop()), {"op": "workflow", "id": ids[0], "status": "SUPPRESSED"})
            if crash:
                sync = await open_sync()
                assert await sync.resume(world.client().now()) == (interruption == 0), (
                    "what is half applied is not published"
                )
            ended = await sync.poll()
            assert stored(sync.context.findings.rows) == world.truth()
        else:
            break
        assert ended
    assert interruption > 2, "the re-list was interrupted too"
