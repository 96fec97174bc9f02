"""A write of our own that Security Hub accepted and never applied: it is not believed for ever."""

from posture.aws.securityhub.client import SecurityHub
from posture.store.records import CustomerWrite, key_of
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.world import MINUTE, World, stored


async def test_a_mark_that_was_not_taken_off_is_found_by_id(
    world: World, client: SecurityHub, open_sync: OpenSync
) -> None:
    """Its `UpdatedAt` does not move and it is in no set that is listed: nothing else would read it."""
    marked = {"posture.dev/owner": "me", "posture.dev/policy": "security/logs"}
    world.load([{**each, "UserDefinedFields": marked} for each in world.some(20, compliance="FAILED")])
    sync = await open_sync()
    await sync.sweep()
    assert await sync.poll()
    name, lost = next(iter(world.truth().items()))
    write = CustomerWrite(key_of(lost.product_arn, lost.id), user_fields=())
    await sync.context.worker.call(sync.context.findings.record, [write], client.now())
    assert await sync.poll()
    assert stored(sync.context.findings.rows)[name].user_fields == ()
    await world.pass_time(client, 16 * MINUTE)
    assert await sync.poll()
    assert stored(sync.context.findings.rows)[name] == lost
