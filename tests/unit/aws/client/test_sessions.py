"""What sessions are before anything is called; the rest is tested against an STS."""

import pytest

from posture.aws.client.errors import CredentialsUnavailable
from posture.aws.client.limiter import Usage
from posture.aws.client.sessions import Identity, Sessions


async def test_a_profile_that_is_not_there_stops_nothing_and_is_said_to_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")
    async with Sessions(Usage()) as sessions:
        await sessions.warm_up("sts")
        with pytest.raises(CredentialsUnavailable, match="absent"):
            await sessions.client(Identity(None, None, "eu-west-1"), "sts")
