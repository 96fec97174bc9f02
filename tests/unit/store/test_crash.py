"""A process killed at any moment leaves a store that holds what its cursor says, and no more."""

import random
import subprocess
import sys
from pathlib import Path

from posture.domain.findings import Finding, Workflow
from posture.store import Read, Store
from tests.unit.store.making import OWNER, content, finding, key

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
        store, moved_aside = Store.open(path, owner=OWNER)
        assert moved_aside is None
        cursor = int(store.state("cursor") or 0)
        assert cursor >= confirmed
        assert content(store) == expected(cursor)
        assert store._database.rows("PRAGMA integrity_check") == [("ok",)]
        assert store._database.rows("SELECT count(*) FROM body") == [(store.count(),)]
        if chance.random() < 0.5:
            store.close()
        else:
            store._database.close()
