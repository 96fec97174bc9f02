"""The emulated Config of each test, as it was seeded."""

from typing import Any

import pytest

from sandbox.config.client import ConfigClient
from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_config import (
    ADMINISTRATOR,
    HOME,
    SEED,
)


@pytest.fixture
def hub(running: BackgroundHub) -> BackgroundHub:
    running.control.reset()
    running.control.seed(SEED)
    running.control.clock(freeze=True, set="2026-11-30T12:00:00Z")
    return running


@pytest.fixture
def config(hub: BackgroundHub) -> ConfigClient:
    return ConfigClient(hub.control)


@pytest.fixture
def aws(hub: BackgroundHub) -> Any:
    return hub.client(ADMINISTRATOR, HOME, "config")
