"""A process killed at any moment leaves a store that holds what its cursor says, and no more."""

import random
import subprocess
import sys
from pathlib import Path

from posture.domain.findings import Finding, Workflow
from posture.store.errors import Stop
from posture.store.records import Read
from posture.store.sqlite.store import Store
from tests.support.rows import OWNER, content, finding, key

BATCH = 50
KILLS = 8


def batch(number: int) -> list[Finding]:
    """Half of them new, the others changes of those before."""
    return [
        finding(
            n % (BATCH * (number + 1)),
            title=f"Title {n}",
            updated_at=1_000 + number,
            workflow=Workflow(number % 4),
            note="x" * (number % 300),
        )
        for n in range(BATCH * number - BATCH // 2, BATCH * number + BATCH // 2)
        if n >= 0
    ]


def main(path: str) -> None:
    """Write batch after batch, from the cursor on, until killed."""
    store = Store.open(Path(path), owner=OWNER).store
    number = int(store.state("cursor") or 0)
    while True:
        store.write([Read(batch(number), number)], state={"cursor": str(number + 1)})
        number += 1
        print(number, flush=True)  # noqa: T201 - the test listens


def expected(cursor: int) -> dict[bytes, Finding]:
    known: dict[bytes, Finding] = {}
    for number in range(cursor):
        known |= {key(each): each for each in batch(number)}
    return known


def test_kill_9_at_random_moments(path: Path) -> None:
    chance = random.Random(9)
    confirmed = 0
    for _ in range(KILLS):
        command = [sys.executable, "-c", f"from {__name__} import main; main({str(path)!r})"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            for _ in range(chance.randrange(1, 60)):
                confirmed = int(writer.stdout.readline())
            writer.kill()
        store, quarantined = Store.open(path, owner=OWNER)
        assert quarantined is None
        cursor = int(store.state("cursor") or 0)
        assert cursor >= confirmed
        assert content(store) == expected(cursor)
        assert store._database.rows("PRAGMA integrity_check") == [("ok",)]
        assert store._database.rows("SELECT count(*) FROM body") == [(store.count(),)]
        if chance.random() < 0.5:
            store.close()
        else:
            store._database.close()


GONE = 400


def remove(path: str) -> None:
    """Remove most of what is there at one stroke, and say so between the parts."""
    stop = Stop(meanwhile=lambda: print("between", flush=True))  # noqa: T201 - the test listens
    store = Store.open(Path(path), owner=OWNER, stop=stop).store
    store.remove_all([(2, [key(finding(n))]) for n in range(GONE)], state={"removed": "yes"})
    print("removed", flush=True)  # noqa: T201 - as above
    sys.stdin.read()


def test_kill_9_within_a_removal_leaves_all_or_nothing(path: Path) -> None:
    there = [finding(n) for n in range(GONE + 50)]
    store = Store.open(path, owner=OWNER).store
    store.write([Read(there, 1)])
    store.close()
    for parts in (1, GONE // 2, GONE, GONE + 1):
        command = [sys.executable, "-c", f"from {__name__} import remove; remove({str(path)!r})"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as remover:
            assert remover.stdout
            said = [remover.stdout.readline().strip() for _ in range(parts)]
            remover.kill()
        store, quarantined = Store.open(path, owner=OWNER)
        assert quarantined is None
        removed = store.state("removed") == "yes"
        assert removed or said[-1] == "between"
        assert content(store) == {key(each): each for each in there[GONE * removed :]}
        store.close()
    assert removed, "the last one was over"
