"""Snapshots in a bucket, against moto's S3 over HTTP, through faults."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
from aiohttp import web

from posture.aws.client import calls
from posture.aws.client.errors import AccessDenied, AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Sessions
from posture.config.model import Snapshots
from posture.hubs.snapshots import fetching, index, saving
from posture.hubs.snapshots.fetching import fetch
from posture.hubs.snapshots.index import INDEX, decoded
from posture.hubs.snapshots.places import KeptSnapshots, kept_for
from posture.hubs.snapshots.saving import Copy, save
from sandbox.cloud import Cloud
from tests.support.wire import Fault, Wire

BUCKET, REGION = "posture-snapshots", "eu-west-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start() as running:
        yield running


@pytest.fixture
async def wire(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    wire = Wire(cloud.moto_url)
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{rest:.*}", wire.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    wire.url = "http://{}:{}".format(*runner.addresses[0][:2])
    for name, value in cloud.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", wire.url)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    for module in (fetching, index, saving):
        monkeypatch.setattr(module, "PART_BYTES", 64 * 1024)
    yield wire
    await runner.cleanup()


@pytest.fixture
async def kept(cloud: Cloud, wire: Wire) -> AsyncIterator[KeptSnapshots]:
    client = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=cloud.moto_url,
        aws_access_key_id=cloud.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.env["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    usage = Usage()
    async with Sessions(usage) as sessions:
        settings = Snapshots.model_validate({"url": f"s3://{BUCKET}/posture", "kmsKeyId": "alias/snapshots"})
        made = kept_for(settings, "hub", REGION, (sessions, Limiters(1.0), usage))
        assert made is not None
        yield made
    for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=each["Key"])
    client.delete_bucket(Bucket=BUCKET)
    del wire


def copy(tmp_path: Path, taken: int) -> Copy:
    path = tmp_path / f"copy-{taken}"
    path.write_bytes(taken.to_bytes(8, "big") * 30_000)
    return Copy(path, "hub", "owner", 7, taken)


def led() -> float:
    return 60.0


async def test_what_is_stored_is_fetched_again(tmp_path: Path, wire: Wire, kept: KeptSnapshots) -> None:
    for taken in (1, 2, 3):
        await save(copy(tmp_path, taken), kept, led)
    known = decoded(await kept.place.get(INDEX))
    assert [each.taken for each in known.snapshots] == [3, 2]
    for each in known.snapshots:
        await fetch(kept.place, each, tmp_path / "fetched")
        assert (tmp_path / "fetched").read_bytes() == copy(tmp_path, each.taken).path.read_bytes()
    assert await kept.place.get("nothing") is None
    puts = [request for request in wire.requests if request.startswith("PUT")]
    assert all(f"/{BUCKET}/posture/hub/" in request for request in puts)


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.BROKEN, Fault.LOST])
async def test_a_fault_while_it_is_stored_leaves_the_one_before(
    tmp_path: Path, wire: Wire, kept: KeptSnapshots, fault: Fault
) -> None:
    first = await save(copy(tmp_path, 1), kept, led)
    wire.fail("/000002", fault)
    with pytest.raises(AccessDenied if fault is Fault.DENIED else AwsError):
        await save(copy(tmp_path, 2), kept, led)
    wire.heal()
    assert decoded(await kept.place.get(INDEX)).snapshots == (first,)
    await fetch(kept.place, first, tmp_path / "fetched")
    assert (await save(copy(tmp_path, 3), kept, led)).taken == 3


async def test_a_truncated_object_is_none(tmp_path: Path, wire: Wire, kept: KeptSnapshots) -> None:
    stored = await save(copy(tmp_path, 1), kept, led)
    wire.fail("/000001", Fault.TRUNCATED)
    with pytest.raises(AwsError, match="Truncated"):
        await fetch(kept.place, stored, tmp_path / "fetched")


async def test_a_denied_bucket_is_told_as_that(wire: Wire, kept: KeptSnapshots) -> None:
    wire.fail("GET", Fault.DENIED)
    with pytest.raises(AccessDenied):
        await kept.place.get(INDEX)
