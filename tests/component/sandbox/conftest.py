"""An emulated Security Hub in a thread of the test's process."""

from collections.abc import Iterator

import pytest

from sandbox.securityhub.background import BackgroundHub


@pytest.fixture(scope="module")
def running() -> Iterator[BackgroundHub]:
    with BackgroundHub() as hub:
        yield hub
