"""Since when resources are in scope: recounted from all looks, over restarts, outages and lost stores."""

from collections.abc import Collection, Mapping
from pathlib import Path
from random import Random

import pytest

from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import HOUR, MINUTE
from posture.remediation.since import LONGEST_BREAK, InScope
from posture.store.errors import StoreUnavailable
from posture.store.interface import KeptMoments
from posture.store.sqlite.store import Store
from tests.support.examples import seeds
from tests.support.rows import OWNER, opened

INTERVAL = 5 * MINUTE
BEGAN = 1_000 * HOUR
RULES = ("r-1", "r-2")
RESOURCES = [
    ResourceKey("111122223333", "aws", "eu-west-1", "AwsIamUser", f"arn:aws:iam::111122223333:user/{name}")
    for name in ("anna", "bob", "carl", "dora")
]

Look = tuple[int, Mapping[str, Collection[ResourceKey]]]
"""When it was, and what was in scope of the rules that were planned."""
Since = Mapping[str, Mapping[ResourceKey, int]]


def look(memory: InScope, kept: KeptMoments, now: int, scope: Mapping[str, Collection[ResourceKey]]) -> Since:
    memory.begin(kept, now, INTERVAL)
    since = {rule: dict(memory.note(kept, rule, resources, now)) for rule, resources in scope.items()}
    memory.end(kept, now)
    return since


def unbroken(looks: list[Look], rule: str, resource: ResourceKey) -> int:
    """The slow truth: the first of the looks that all had it in scope, none long after the one before."""
    since = following = looks[-1][0]
    for now, scope in reversed(looks):
        if resource not in scope.get(rule, ()) or not 0 <= following - now <= LONGEST_BREAK:
            break
        since = following = now
    return since


class FullDisk:
    """A store that takes nothing."""

    def __init__(self, store: Store) -> None:
        self.moments = store.moments

    def put_moments(self, *_: object, **__: object) -> None:
        raise StoreUnavailable("The disk is full", reason="StoreDiskFull", advice="free space")


@seeds(150)
def test_it_is_the_first_of_the_looks_without_a_break(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    memory, store = InScope(), Store.open(tmp_path / "hub.sqlite", owner=OWNER).store
    looks: list[Look] = []
    now = BEGAN
    for number in range(random.randrange(2, 25)):
        now += random.choice((MINUTE, INTERVAL, LONGEST_BREAK, LONGEST_BREAK + 1, -1, 20 * HOUR))
        what = random.random()
        if what < 0.3:
            memory = InScope()
        elif what < 0.4:
            store.close()
            memory, store = InScope(), Store.open(tmp_path / f"{number}.sqlite", owner=OWNER).store
            looks.clear()
        scope = {
            rule: [each for each in RESOURCES if random.random() < 0.85]
            for rule in RULES
            if random.random() < 0.9
        }
        if random.random() < 0.1:
            with pytest.raises(StoreUnavailable):
                look(memory, FullDisk(store), now, scope)
            continue
        looks.append((now, scope))
        since = look(memory, store, now, scope)
        assert since == {
            rule: {each: unbroken(looks, rule, each) for each in resources}
            for rule, resources in scope.items()
        }
    store.close()


def test_a_look_that_came_to_nothing_may_have_a_longer_gap_behind_it(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.sqlite") as store:
        memory, scope = InScope(), {"r-1": RESOURCES}
        look(memory, store, BEGAN, scope)
        with pytest.raises(StoreUnavailable):
            look(memory, FullDisk(store), BEGAN + HOUR, scope)
        assert set(look(memory, store, BEGAN + 2 * HOUR, scope)["r-1"].values()) == {BEGAN + 2 * HOUR}


def test_only_what_changes_is_written(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.sqlite") as store:
        written: list[dict[str, dict[bytes, int | None]]] = []

        class Watched:
            moments = store.moments

            def put_moments(
                self, changed: Mapping[str, Mapping[bytes, int | None]], *, subjects: Collection[str]
            ) -> None:
                written.append({subject: dict(each) for subject, each in changed.items()})
                store.put_moments(changed, subjects=subjects)

        kept, memory = Watched(), InScope()
        look(memory, kept, BEGAN, {"r-1": RESOURCES})
        look(memory, kept, BEGAN + 1, {"r-1": RESOURCES})
        look(InScope(), kept, BEGAN + 2, {"r-1": RESOURCES})
        look(memory, kept, BEGAN + 3, {"r-1": RESOURCES[1:]})
        sizes = [len(each["in scope of r-1"]) for each in written]
        assert sizes == [4, 0, 0, 1]
        (gone,) = written[-1]["in scope of r-1"].values()
        assert gone is None


def test_a_poll_that_is_due_seldom_is_no_break(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.sqlite") as store:
        for memory in (InScope(),) * 2, (InScope(), InScope()):
            for number, each in enumerate(memory):
                each.begin(store, BEGAN + 6 * HOUR * number, 3 * HOUR)
                since = each.note(store, "r-1", RESOURCES, BEGAN + 6 * HOUR * number)
                assert set(since.values()) == {BEGAN}
                each.end(store, BEGAN + 6 * HOUR * number)


def test_it_is_watched_since_the_first_look_of_a_process_or_after_a_break(tmp_path: Path) -> None:
    with opened(tmp_path / "hub.sqlite") as store:
        memory = InScope()
        assert memory.watched_since is None
        for now, since in (
            (BEGAN, BEGAN),
            (BEGAN + HOUR, BEGAN),
            (BEGAN + 3 * HOUR, BEGAN + 3 * HOUR),
            (BEGAN + 4 * HOUR, BEGAN + 3 * HOUR),
        ):
            look(memory, store, now, {})
            assert memory.watched_since == since
        memory = InScope()
        look(memory, store, BEGAN + 4 * HOUR + 1, {})
        assert memory.watched_since == BEGAN + 4 * HOUR + 1
