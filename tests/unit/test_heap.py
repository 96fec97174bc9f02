"""What the garbage collector walks through once everything is loaded."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from posture.process import settle_heap


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


class Knot:
    """An object that holds itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_not_walked_through_again() -> None:
    before = len(gc.get_objects())
    settle_heap()
    assert gc.get_freeze_count() >= before / 2
    assert len(gc.get_objects()) < before / 10


def test_garbage_made_before_and_after_is_still_freed() -> None:
    before = weakref.ref(Knot())
    settle_heap()
    after = weakref.ref(Knot())
    gc.collect()
    assert before() is None
    assert after() is None
