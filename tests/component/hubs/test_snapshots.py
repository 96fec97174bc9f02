"""A replica without a store takes a hub over from the latest snapshot that fits, whatever others are."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import msgspec
import pytest

from posture.aws.securityhub.client import SecurityHub
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.hubs.snapshots import index, saving
from posture.hubs.snapshots.index import INDEX, Index, Unusable, decoded
from posture.hubs.snapshots.places import Directory, KeptSnapshots
from posture.hubs.snapshots.saving import Copy, NotLeading, save
from posture.sources.securityhub.source import SecurityHubs
from posture.store.errors import Stop
from posture.store.sqlite.stores import SqliteStores
from tests.component.hubs.conftest import OpenSync
from tests.support.hubs.living import KEY, administrator, demand, living, passed_and_scored
from tests.support.hubs.world import HOUR, MINUTE, World, stored

OWNER = "hub 111122223333"
LED: Callable[[], float] = lambda: 60.0  # noqa: E731 - a constant


class Dies(Exception):  # noqa: N818 - says what happens
    """The process ends here."""


class Mortal(Directory):
    """A directory after so many calls of which the process dies."""

    def __init__(self, directory: Path, dies_at: int) -> None:
        super().__init__(directory)
        self._left = dies_at
        self.calls = 0

    def _count(self) -> None:
        self.calls += 1
        if self.calls > self._left:
            raise Dies

    async def put(self, name: str, body: bytes, *, within: float) -> None:
        self._count()
        await super().put(name, body, within=within)

    async def get(self, name: str) -> bytes | None:
        self._count()
        return await super().get(name)

    async def delete(self, name: str) -> None:
        self._count()
        await super().delete(name)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (index, saving):
        monkeypatch.setattr(module, "PART_BYTES", 64 * 1024)


@pytest.fixture
def kept(tmp_path: Path) -> KeptSnapshots:
    return KeptSnapshots(Directory(tmp_path / "shared"), 3600.0, 2)


def copied(tmp_path: Path, taken: int, *, size: int = 200_000) -> Copy:
    path = tmp_path / f"copy-{taken}"
    path.write_bytes(taken.to_bytes(8, "big") * (size // 8))
    return Copy(path, "hub", OWNER, SqliteStores.version, taken)


def files(kept_at: Path) -> set[str]:
    return {str(each.relative_to(kept_at)) for each in kept_at.rglob("*") if each.is_file()}


async def test_whatever_ends_the_writing_leaves_what_was_there(tmp_path: Path) -> None:
    """At each step: afterwards the old one or the new one is the latest, whole; nothing is left for ever."""
    for dies_at in count():
        shared = tmp_path / f"shared-{dies_at}"
        sound = KeptSnapshots(Directory(shared), 3600.0, 2)
        first, second = [await save(copied(tmp_path, at), sound, LED) for at in (1, 2)]
        mortal = Mortal(shared, dies_at)
        ended = False
        try:
            await save(copied(tmp_path, 3), sound._replace(place=mortal), LED)
        except Dies:
            ended = True
        latest = decoded((shared / INDEX).read_bytes())
        assert latest.snapshots[0].taken in {2, 3}
        assert latest.snapshots[0].taken == 3 or latest.snapshots == (second, first)
        for each in latest.snapshots:
            for number, part in enumerate(each.parts):
                assert (shared / each.part_name(number)).stat().st_size == part.bytes
        last = await save(copied(tmp_path, 4), sound, LED)
        latest = decoded((shared / INDEX).read_bytes())
        assert latest.snapshots[0] == last
        if latest.snapshots[1].taken == 2 or not ended:
            named = {each.part_name(number) for each in latest.snapshots for number in range(len(each.parts))}
            assert files(shared) == {INDEX, *named}
        if not ended:
            assert dies_at > 6
            return


async def test_who_does_not_lead_writes_nothing(tmp_path: Path, kept: KeptSnapshots) -> None:
    await save(copied(tmp_path, 1), kept, LED)
    before = files(tmp_path / "shared")
    for steps in range(5):
        left = [60.0] * steps

        def leading(left: list[float] = left) -> float:
            return left.pop() if left else 0.0

        with pytest.raises(NotLeading):
            await save(copied(tmp_path, 2), kept, leading)
        assert [each.taken for each in decoded((tmp_path / "shared" / INDEX).read_bytes()).snapshots] == [1]
    assert before <= files(tmp_path / "shared")


async def test_a_newer_snapshot_is_never_taken_the_place_of(tmp_path: Path, kept: KeptSnapshots) -> None:
    """A replica that has lost the Lease and does not know it yet finishes an old one."""
    await save(copied(tmp_path, 5), kept, LED)
    with pytest.raises(Unusable, match="newer"):
        await save(copied(tmp_path, 4), kept, LED)
    assert [each.taken for each in decoded((tmp_path / "shared" / INDEX).read_bytes()).snapshots] == [5]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"snapshots": 1}',
        Index(unfinished="../../etc", unfinished_parts=1).encoded(),
        Index(unfinished="1-00000000", unfinished_parts=10**9).encoded(),
    ],
)
def test_an_index_is_believed_only_as_this_program_writes_it(body: bytes) -> None:
    with pytest.raises(Unusable):
        decoded(body)


class Replicas:
    """Replicas of one hub, each with a disk of its own, that share a place for snapshots."""

    def __init__(self, client: SecurityHub, tmp_path: Path, kept: KeptSnapshots) -> None:
        self.client = client
        self.shared = tmp_path / "shared"
        self.kept: KeptSnapshots | None = kept
        self._tmp_path = tmp_path

    def hub(self, disk: str, account: str | None = None) -> Hub:
        async def somebody() -> str:
            return account or await administrator()

        stores = SqliteStores(self._tmp_path / disk)
        return Hub(
            KEY,
            HubDependencies(
                SecurityHubs(self.client), somebody, stores, first_pause=0.01, snapshots=lambda _: self.kept
            ),
        )

    async def leave_a_snapshot(self, disk: str = "first") -> None:
        """Let a replica sweep, store a snapshot, and go."""
        hub = self.hub(disk)
        hub.ask([demand()])
        async with living(hub) as changes:
            await changes.until(lambda: hub.status.exact and hub.status.snapshots.taken is not None)

    def parts(self) -> list[Path]:
        """The files of the latest snapshot."""
        latest = decoded((self.shared / INDEX).read_bytes()).snapshots[0]
        return [self.shared / latest.part_name(number) for number in range(len(latest.parts))]


async def takes_over(hub: Hub) -> bool:
    """Whether a hub that is exact has taken a snapshot over."""
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        return hub.status.snapshots.restored is not None


@pytest.fixture
def replicas(world: World, client: SecurityHub, tmp_path: Path) -> Replicas:
    world.load(world.some(300, control="S3.1", compliance="PASSED"))
    world.load(world.some(20, control="KMS.4", compliance="FAILED"))
    # A store is mostly empty pages: every second is tried at once.
    return Replicas(client, tmp_path, KeptSnapshots(Directory(tmp_path / "shared"), 0.05, 2))


async def test_a_replica_without_a_store_goes_on_from_the_snapshot(
    world: World, client: SecurityHub, replicas: Replicas
) -> None:
    await replicas.leave_a_snapshot()
    world.pass_time_everywhere(client, 40 * MINUTE)
    world.mutate({"op": "update", "where": {}, "limit": 3, "set": {"Compliance": {"Status": "FAILED"}}})
    hub = replicas.hub("second")
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        assert hub.status.snapshots.restored is not None
        assert hub.status.duration_seconds is not None, "nothing is shown before the first poll"
        assert await passed_and_scored(hub) == (0, 2)
        assert hub.status.read < 300, "nothing but what has changed was read"


async def test_the_picture_of_long_ago_is_published_only_once_absence_was_looked_for(
    world: World, client: SecurityHub, replicas: Replicas
) -> None:
    await replicas.leave_a_snapshot()
    world.pass_time_everywhere(client, 30 * HOUR)
    world.mutate(
        {"op": "delete", "where": {"ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}]}}
    )
    hub = replicas.hub("second")
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact or hub.status.withheld is not None)
        assert hub.status.snapshots.restored is not None
        await changes.until(lambda: hub.status.exact)
        assert await passed_and_scored(hub) in {None, (1, 1)}, "what is gone does not count"


@pytest.mark.parametrize("harm", ["truncated", "missing", "altered", "empty"])
async def test_a_bad_snapshot_is_passed_over(world: World, replicas: Replicas, harm: str) -> None:
    await replicas.leave_a_snapshot()
    part = replicas.parts()[-1]
    body = part.read_bytes()
    if harm == "missing":
        part.unlink()
    else:
        part.write_bytes({"truncated": body[:-1], "altered": body[:-1] + b"?", "empty": b""}[harm])
    hub = replicas.hub("second")
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        assert hub.status.snapshots.restored is None
        assert await passed_and_scored(hub) == (1, 2), "everything was read from Security Hub"
    del world


async def test_a_copy_that_is_no_sound_store_is_passed_over(
    tmp_path: Path, world: World, replicas: Replicas
) -> None:
    """All its sums are right, and what it is a copy of was damaged."""
    await replicas.leave_a_snapshot()
    latest = decoded((replicas.shared / INDEX).read_bytes()).snapshots[0]
    copy = replace(copied(tmp_path, latest.taken + 1), hub=latest.hub, owner=latest.owner)
    assert replicas.kept is not None
    await save(copy, replicas.kept, LED)
    hub = replicas.hub("second")
    hub.ask([demand()])
    said: list[str | None] = []
    hub.on_change(lambda: said.append(hub.status.snapshots.trouble))
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        assert any("passed over" in (each or "") for each in said)
        assert hub.status.snapshots.restored is not None, "the one before it fits"
    del world


async def test_a_snapshot_of_another_account_or_version_does_not_fit(replicas: Replicas) -> None:
    await replicas.leave_a_snapshot()
    path = replicas.shared / INDEX
    known = decoded(path.read_bytes())
    older = msgspec.structs.replace(known.snapshots[0], store_version=SqliteStores.version - 1)
    path.write_bytes(Index((older,)).encoded())
    for disk, account in (("second", None), ("third", "999988887777")):
        assert not await takes_over(replicas.hub(disk, account))
        if account is None:
            path.write_bytes(known.encoded())


async def test_a_store_that_is_as_new_is_kept(world: World, client: SecurityHub, replicas: Replicas) -> None:
    """Nothing newer is replaced, nor what is older by less than it costs to fetch a snapshot."""
    await replicas.leave_a_snapshot("first")
    world.pass_time_everywhere(client, 10 * MINUTE)
    await replicas.leave_a_snapshot("second")
    hub = replicas.hub("first")
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        assert hub.status.snapshots.restored is None


async def test_a_place_that_is_not_there_costs_nothing_but_the_snapshot(
    tmp_path: Path, world: World, replicas: Replicas
) -> None:
    (tmp_path / "file").write_text("no directory", encoding="utf-8")
    replicas.kept = KeptSnapshots(Directory(tmp_path / "file"), 0.05, 2)
    hub = replicas.hub("first")
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact and hub.status.snapshots.trouble is not None)
        assert await passed_and_scored(hub) == (1, 2)
        assert hub.status.error is None
    del world


async def test_a_copy_has_what_stands_in_the_journal_and_glances_pass_meanwhile(
    tmp_path: Path, world: World, open_sync: OpenSync
) -> None:
    world.load(world.some(400))
    sync = await open_sync()
    await sync.sweep()
    worker, findings = sync.context.worker, sync.context.findings
    stores = SqliteStores(tmp_path / "other")
    stores.open("hub", owner="test", stop=Stop()).store.close()
    copying = asyncio.ensure_future(worker.call(findings.copy_to, stores.beside("hub")))
    assert await worker.glance(lambda: True)
    await copying
    assert stores.adopt("hub", tmp_path / "other" / "hub.sqlite.copy", owner="test", stop=Stop()) is None
    store = stores.open("hub", owner="test", stop=Stop()).store
    assert stored(store) == world.truth()
    store.close()


async def test_a_restore_that_is_cut_off_leaves_the_store_as_it_was(
    tmp_path: Path, world: World, client: SecurityHub, replicas: Replicas
) -> None:
    """It ends at each call in turn; what has been fetched until then is in nobody's way."""
    await replicas.leave_a_snapshot("first")
    known = decoded((replicas.shared / INDEX).read_bytes()).snapshots[0]
    for dies_at in range(len(known.parts) + 1):
        replicas.kept = KeptSnapshots(Mortal(replicas.shared, dies_at), 3600.0, 2)
        hub = replicas.hub("second")
        hub.ask([demand()])
        with pytest.raises(Dies):
            await hub.run()
        assert not [each for each in files(tmp_path / "second") if each.endswith(".broken")]
    replicas.kept = KeptSnapshots(Directory(replicas.shared), 3600.0, 2)
    hub = replicas.hub("second")
    hub.ask([demand()])
    async with living(hub) as changes:
        await changes.until(lambda: hub.status.exact)
        assert hub.status.snapshots.restored is not None
        assert await passed_and_scored(hub) == (1, 2)
    del world, client
