"""An organization whose Security Hub is checked."""

from collections.abc import Iterator

import pytest

from posture.aws.client import calls
from posture.cli.check import asking
from sandbox.cloud import Cloud
from tests.support.checked import ADMINISTRATOR
from tests.support.e2e.stage import ORGANIZATION


@pytest.fixture(scope="module")
def started() -> Iterator[Cloud]:
    with Cloud.start(organization=ORGANIZATION) as cloud:
        yield cloud


@pytest.fixture
def cloud(started: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud as it was begun, and this process in it; nothing is waited for longer than it takes."""
    for name, value in started.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(asking, "PATIENCE", 0.5)
    started.control.reset_calls()
    yield started
    started.control.lift_faults()
    started.refuse_sts()
    started.control.hub(ADMINISTRATOR, "eu-west-1", enabled=True, second_version=False)
    started.control.members(
        configuration_type="LOCAL",
        auto_enable=True,
        auto_enable_standards="DEFAULT",
        management="999999999999",
    )
