"""Hubs on paper, of any objects, that are closed in the end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub_on_paper import Scene
from tests.support.rows import finding


@pytest.fixture
def scenes(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def make(*objects: Any, findings: Any = None) -> Scene:
        given = [finding(number) for number in range(3)] if findings is None else findings
        made.append(Scene(tmp_path, given, *objects))
        return made[-1]

    yield make
    for each in made:
        each.hub.store.close()
