"""One client for all identities: each call is signed as its own, and what nobody uses is forgotten."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from botocore.exceptions import HTTPClientError

from posture.aws.client.limiter import Usage
from posture.aws.client.sessions import UNUSED_SECONDS, Identity, Sessions
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import MEMBER, Hub, finding
from tests.support.sts import Sts

READER = f"arn:aws:iam::{MEMBER}:role/posture-reader"


class Clock:
    """Monotonic seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sessions(control: ControlClient, usage: Usage, clock: Clock) -> AsyncIterator[Sessions]:
    """Stand in for the sessions of all fixtures here."""
    del control
    async with Sessions(usage, monotonic=clock) as opened:
        yield opened


async def test_calls_at_once_are_each_signed_as_their_own_identity(
    hub_of: Hub, control: ControlClient, sts: Sts
) -> None:
    """The role's first calls wait for STS in the middle of being signed, while the others are signed."""
    control.load([finding(0), finding(1, MEMBER)])
    own, role = hub_of(), hub_of(READER)
    pages = await asyncio.gather(*(hub.get_findings({}) for hub in (role, own) * 6))
    assert [len(page.findings) for page in pages] == [1, 2] * 6
    assert len(sts.of("AssumeRole")) == 1
    signed = [asked["access_key"] for asked in control.calls("GetFindings")["requests"]]
    assert [key == MEMBER for key in signed].count(True) == len(signed) / 2 == 6


async def test_a_refused_role_leaves_no_trace_in_the_next_call(
    hub_of: Hub, control: ControlClient, sts: Sts
) -> None:
    control.load([finding(0), finding(1, MEMBER)])
    own = hub_of()
    await own.get_findings({})
    sts.refusals = [(403, "AccessDenied", "no")]
    outcomes = await asyncio.gather(
        hub_of(READER).get_findings({}), own.get_findings({}), return_exceptions=True
    )
    assert isinstance(outcomes[0], Exception)
    assert len((await own.get_findings({})).findings) == 2


async def test_a_role_that_nobody_used_for_an_hour_is_forgotten(hub_of: Hub, sts: Sts, clock: Clock) -> None:
    unused, used = hub_of(READER, "unused"), hub_of(READER, "used")
    await unused.get_findings({})
    await used.get_findings({})
    clock.now += UNUSED_SECONDS - 1
    await used.get_findings({})
    clock.now += 2
    await hub_of(READER, "new").get_findings({})
    await used.get_findings({})
    assert [asked["ExternalId"] for asked in sts.of("AssumeRole")] == ["unused", "used", "new"]
    await unused.get_findings({})
    assert [asked["ExternalId"] for asked in sts.of("AssumeRole")][3:] == ["unused"]


async def test_a_client_that_nobody_used_for_an_hour_is_closed_and_made_again(
    sessions: Sessions, hub_of: Hub, clock: Clock
) -> None:
    """One that is forgotten without being closed would be a ResourceWarning too, which is an error here."""
    hub = hub_of()
    await hub.get_findings({})
    before = await sessions.client(hub.identity, "securityhub")
    clock.now += UNUSED_SECONDS + 1
    await sessions.client(Identity(None, None, "us-east-1"), "securityhub")
    with pytest.raises(HTTPClientError):
        await before.get_findings()
    await hub.get_findings({})


async def test_a_client_in_use_is_not_closed(sessions: Sessions, hub_of: Hub, clock: Clock) -> None:
    hub = hub_of()
    await hub.get_findings({})
    client = await sessions.client(hub.identity, "securityhub")
    for region in ("us-east-1", "eu-central-1"):
        clock.now += UNUSED_SECONDS - 1
        await sessions.client(hub.identity, "securityhub")
        await sessions.client(Identity(None, None, region), "securityhub")
    assert (await client.get_findings())["ResponseMetadata"]["HTTPStatusCode"] == 200
