"""An emulated Security Hub with an administrator, a member and two Regions."""

import pytest

from sandbox.securityhub.background import BackgroundHub
from tests.support.emulated_findings import ADMIN, HOME, LINKED, MEMBER


@pytest.fixture
def hub(running: BackgroundHub) -> BackgroundHub:
    running.control.reset()
    running.control.seed(
        {
            "administrator": ADMIN,
            "accounts": [{"id": ADMIN, "name": "audit"}, {"id": MEMBER, "name": "xebia-shop-dev"}],
            "regions": [HOME, LINKED],
            "aggregation": {"region": HOME},
        }
    )
    return running
