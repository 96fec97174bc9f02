"""Stores to work on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from posture.store.sqlite.store import Store
from tests.support.rows import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "hub.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with opened(path) as store:
        yield store


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """For examples of properties, which must empty it first."""
    with opened(tmp_path_factory.mktemp("shared") / "hub.db") as store:
        yield store
