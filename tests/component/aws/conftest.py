"""A cloud of two accounts and two Regions, and the operator's AWS side pointed at it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from posture.aws.client import calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from sandbox.cloud import Cloud
from sandbox.securityhub.client import ControlClient
from tests.support.sts import Sts

ADMINISTRATOR = "111122223333"
MEMBER = "444455556666"
REGION = "eu-west-1"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS_1_4 = "cis-aws-foundations-benchmark/v/1.4.0"
_FASTER = 100


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with Cloud.start(account=ADMINISTRATOR) as running:
        yield running


@pytest.fixture
def control(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlClient]:
    """The emulator, emptied and set up again; the environment is that of the administrator's operator."""
    for name, value in cloud.env_for(ADMINISTRATOR).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    cloud.control.reset()
    cloud.control.seed(
        {
            "administrator": ADMINISTRATOR,
            "accounts": [
                {"id": ADMINISTRATOR, "name": "platform"},
                {"id": MEMBER, "name": "xebia-shop-test"},
            ],
            "regions": [REGION, "us-east-1"],
            "aggregation": {"region": REGION},
            "standards": [FSBP, CIS_1_4],
            "disabled_controls": [{"standard": FSBP, "control": "S3.11"}],
        }
    )
    yield cloud.control
    cloud.control.restore_credentials()


@pytest.fixture
def usage() -> Usage:
    return Usage()


@pytest.fixture
async def sessions(control: ControlClient, usage: Usage) -> AsyncIterator[Sessions]:
    del control
    async with Sessions(usage) as opened:
        yield opened


@pytest.fixture
def limiters() -> Limiters:
    """Buckets whose seconds pass a hundred times as fast."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / _FASTER)

    return Limiters(1.0, monotonic=lambda: time.monotonic() * _FASTER, sleep=sleep)


@pytest.fixture
async def sts(control: ControlClient, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sts]:
    del control
    service = Sts(MEMBER)
    app = web.Application()
    app.router.add_post("/", service.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://{}:{}".format(*runner.addresses[0][:2]))
    yield service
    await runner.cleanup()


Hub = Callable[..., SecurityHub]


@pytest.fixture
def hub_of(sessions: Sessions, limiters: Limiters, usage: Usage) -> Hub:
    """Make a hub: `hub_of(role_arn=None, external_id=None, region=REGION)`."""

    def make(
        role_arn: str | None = None, external_id: str | None = None, region: str = REGION
    ) -> SecurityHub:
        return SecurityHub(sessions, Identity(role_arn, external_id, region), limiters, usage)

    return make


@pytest.fixture
def hub(hub_of: Hub) -> SecurityHub:
    return hub_of()


def finding(number: int, account: str = ADMINISTRATOR, region: str = REGION) -> dict[str, Any]:
    """A consolidated control finding in ASFF."""
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:{region}:{account}:security-control/S3.1/finding/{number:04}",
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.1",
        "AwsAccountId": account,
        "Region": region,
        "CreatedAt": "2026-11-01T00:00:00Z",
        "UpdatedAt": f"2026-11-20T00:00:{number % 60:02}Z",
        "Title": "S3 general purpose buckets should have block public access settings enabled",
        "Description": "…",
        "Severity": {"Label": "HIGH", "Normalized": 70},
        "Types": ["Software and Configuration Checks"],
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{number}"}],
        "Compliance": {
            "Status": "FAILED",
            "SecurityControlId": "S3.1",
            "AssociatedStandards": [{"StandardsId": f"standards/{FSBP}"}],
        },
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }


async def outcome(call: Awaitable[object]) -> object:
    """What a call returned or raised."""
    try:
        return await call
    except Exception as error:  # noqa: BLE001 - the error is the outcome
        return error
