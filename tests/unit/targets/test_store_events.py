"""What becomes of a hub's store is posted on a target once, and what became of it before is not."""

import asyncio
from types import SimpleNamespace
from typing import cast

from posture.hubs.hub import Hub
from posture.hubs.snapshots.keeper import SnapshotStatus
from posture.hubs.status import HubStatus
from posture.kube.resources import POSTURE_TARGETS, ObjectRef
from posture.reconcile.context import Context
from posture.targets.store_events import StoreEvents

REF = ObjectRef.of(POSTURE_TARGETS, {"metadata": {"namespace": "a", "name": "b", "uid": "u"}})


class Board:
    """Stands for the events of the cluster."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str, str]] = []

    async def post(self, _: ObjectRef, kind: str, *, reason: str, action: str, note: str) -> None:
        assert action == "Sync"
        self.posted.append((kind, reason, note))


def of(board: Board) -> StoreEvents:
    return StoreEvents(cast("Context", SimpleNamespace(events=board)))


def hub(replaced: str | None = None, snapshots: SnapshotStatus | None = None) -> Hub:
    status = HubStatus(store_replaced=replaced, snapshots=snapshots or SnapshotStatus())
    return cast("Hub", SimpleNamespace(status=status))


def reasons(board: Board, *hubs: Hub | None, events: StoreEvents | None = None) -> list[str]:
    told = events or of(board)
    for each in hubs:
        asyncio.run(told.post(REF, each))
    return [reason for _, reason, _ in board.posted]


def test_a_store_that_is_rebuilt_is_told_once_and_again_for_another_reason() -> None:
    board = Board()
    assert reasons(board, hub(), hub("x"), hub("x"), hub("y")) == ["StoreReplaced", "StoreReplaced"]
    assert [(kind, note.rpartition(": ")[2]) for kind, _, note in board.posted] == [
        ("Warning", "x"),
        ("Warning", "y"),
    ]


def test_what_became_of_the_store_before_the_target_looked_at_it_is_not_told() -> None:
    board = Board()
    events = of(board)
    events.look_at(hub("x"))
    assert reasons(board, hub("x"), events=events) == []
    assert reasons(board, hub("y"), events=events) == ["StoreReplaced"]


def test_a_snapshot_that_is_taken_over_or_fails_is_told_once() -> None:
    board = Board()
    taken = SnapshotStatus(restored="of noon")
    broken = SnapshotStatus(restored="of noon", trouble="The bucket is not there")
    found = reasons(board, hub(snapshots=taken), hub(snapshots=taken), *[hub(snapshots=broken)] * 2)
    assert found == ["StoreRestored", "SnapshotFailed"]
    assert [kind for kind, _, _ in board.posted] == ["Normal", "Warning"]
    assert board.posted[1][2].startswith("The bucket is not there. ")


def test_trouble_that_ended_and_comes_again_is_told_again() -> None:
    trouble = SnapshotStatus(trouble="no")
    found = reasons(Board(), hub(snapshots=trouble), hub(), hub(snapshots=trouble))
    assert found == ["SnapshotFailed", "SnapshotFailed"]


def test_without_a_hub_nothing_is_told() -> None:
    assert reasons(Board(), None, hub(), None) == []
