"""A board is what counting all findings anew would give, however they change and time passes."""

from collections.abc import Iterable
from pathlib import Path
from random import Random

from posture.domain.cells import Cell
from posture.domain.findings import Check, Compliance, Finding, RecordState, Severity, Workflow
from posture.domain.freshness import cutoff
from posture.hubs.board import Board
from posture.store import Read, Store, key_of
from tests.oracle import product
from tests.support.examples import seeds

HOUR = 3_600_000_000
NOW = 1_795_000_000_000_000
WINDOWS = (26 * HOUR, 2 * HOUR)


def finding(random: Random, number: int, now: int) -> Finding:
    check = Check(
        "Security Hub",
        own=True,
        control=random.choice(("S3.1", "IAM.3")),
        numbered=False,
        standards=("fsbp",),
    )
    return Finding(
        id=str(number),
        product_arn="arn",
        check=check,
        account_id=random.choice(("111122223333", "444455556666")),
        account_name="",
        region=random.choice(("eu-west-1", "us-east-1")),
        title="",
        severity=random.choice(tuple(Severity)),
        compliance=random.choice(tuple(Compliance)),
        record_state=random.choice((RecordState.ACTIVE, RecordState.ACTIVE, RecordState.ARCHIVED)),
        created_at=0,
        updated_at=now,
        resources=(),
        workflow=random.choice(tuple(Workflow)),
        note="",
        user_fields=(),
    )


def sets(cells: Iterable[Cell]) -> set[Cell]:
    listed = [cell._replace(counts=tuple(sorted(cell.counts))) for cell in cells]
    assert len(set(listed)) == len(listed), "no cell twice"
    return set(listed)


@seeds(5)
def test_a_board_follows_what_is_written_and_what_ages(tmp_path: Path, seed: int) -> None:
    random, now = Random(seed), NOW
    store = Store.open(tmp_path / "hub.sqlite", owner="test").store
    boards = {window: Board(window) for window in WINDOWS}
    touched = set()
    for _ in range(25):
        now += random.randrange(2 * HOUR)
        changed = [finding(random, random.randrange(60), now) for _ in range(random.randrange(12))]
        touched |= store.write([Read(changed, now)]).cells
        if random.random() < 0.3:
            gone = [key_of("arn", str(random.randrange(60)))]
            touched |= store.remove(gone, asked_at=now + 1).cells
        if random.random() < 0.3:
            continue
        for window, board in boards.items():
            board.refresh(store, touched, now)
            expected = product.cells_of(store.findings(), cutoff(now, window))
            assert sets(board.cells()) == sets(expected)
        touched.clear()
    store.close()


def test_nothing_changed_nothing_is_read_again(tmp_path: Path) -> None:
    random = Random(0)
    store = Store.open(tmp_path / "hub.sqlite", owner="test").store
    store.write([Read([finding(random, number, NOW) for number in range(50)], NOW)])
    board = Board(WINDOWS[0])
    assert board.refresh(store, set(), NOW) > 0
    assert board.refresh(store, set(), NOW + 25 * HOUR) == 0
    assert board.refresh(store, set(), NOW + 27 * HOUR) > 0
    store.close()
