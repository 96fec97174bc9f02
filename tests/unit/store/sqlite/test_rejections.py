"""A finding that cannot be decoded is named until it can, or until it is gone."""

from pathlib import Path

import pytest

from posture.domain.findings import Rejection
from posture.store.records import Read
from posture.store.sqlite.store import Store
from tests.support.rows import ARN, finding, opened

BAD = Rejection("id-1", ARN, "111122223333", "UpdatedAt: not a time")
WORSE = Rejection("id-2", "", "", "not an object")


def test_each_is_new_once(path: Path) -> None:
    with opened(path) as store:
        assert store.reject([BAD, WORSE, BAD], asked_at=1) == [BAD, WORSE]
        assert store.reject([BAD], asked_at=2) == []
    with opened(path) as store:
        assert store.reject([WORSE], asked_at=1) == []
        assert store.rejected() == [BAD, WORSE]
        assert store.rejected(limit=1) == [BAD]
        assert store.count_rejected() == 2


def test_decoding_ends_it(store: Store) -> None:
    store.reject([BAD._replace(id=finding().id), WORSE], asked_at=1)
    store.write([Read([finding()], 2)])
    assert store.rejected() == [WORSE]
    assert store.count_rejected() == 1
    assert store.reject([BAD._replace(id=finding().id)], asked_at=3) != []


def test_those_that_a_sweep_did_not_meet_are_forgotten(store: Store) -> None:
    store.reject([BAD], asked_at=1)
    store.reject([WORSE], asked_at=5)
    store.forget_rejected(5)
    assert store.rejected() == [WORSE]
    assert store.count_rejected() == 1


def test_a_failed_write_ends_nothing(store: Store) -> None:
    store.reject([BAD._replace(id=finding().id)], asked_at=1)
    with pytest.raises(TypeError):
        store.write([Read([finding(updated_at="x")], 2)])
    assert store.count_rejected() == len(store.rejected()) == 1
