"""As whom AWS is called: the operator's own identity, roles, and what is said when they are refused."""

import json
from pathlib import Path

import pytest

from posture.aws.client import sessions as sessions_module
from posture.aws.client.errors import (
    AwsError,
    CredentialsRefused,
    CredentialsUnavailable,
    EndpointUnreachable,
    RegionUnavailable,
    Retryable,
    RoleNotAssumable,
)
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import ADMINISTRATOR, MEMBER, REGION, Hub, finding
from tests.support.sts import Sts

READER = f"arn:aws:iam::{MEMBER}:role/posture-reader"


async def test_a_role_sees_what_its_account_sees(hub_of: Hub, control: ControlClient) -> None:
    control.load([finding(0), finding(1, MEMBER)])
    assert len((await hub_of().get_findings({})).findings) == 2
    [only] = (await hub_of(READER).get_findings({})).findings
    assert only.account_id == MEMBER


async def test_a_role_is_assumed_once_for_all_its_clients(
    sessions: Sessions, hub_of: Hub, sts: Sts, usage: Usage
) -> None:
    await hub_of(READER).get_findings({})
    await hub_of(READER, region="us-east-1").get_findings({})
    assert await sessions.account(Identity(READER, None, REGION)) == MEMBER
    [asked] = sts.of("AssumeRole")
    assert asked["RoleArn"] == READER
    assert asked["RoleSessionName"] == "posture-operator"
    assert asked["DurationSeconds"] == "3600"
    assert "ExternalId" not in asked
    assert usage.requests["sts", "AssumeRole", "200"] == 1


async def test_the_external_id_is_sent_and_tells_sessions_apart(hub_of: Hub, sts: Sts) -> None:
    await hub_of(READER, "prod-7").get_findings({})
    await hub_of(READER, "test-7").get_findings({})
    await hub_of(READER, "prod-7").get_findings({})
    assert [asked["ExternalId"] for asked in sts.of("AssumeRole")] == ["prod-7", "test-7"]


async def test_a_refused_role_says_what_to_check_and_works_when_it_is_allowed(hub_of: Hub, sts: Sts) -> None:
    sts.refusals = [(403, "AccessDenied", "User x is not authorized to perform: sts:AssumeRole")]
    hub = hub_of(READER, "e-1")
    with pytest.raises(RoleNotAssumable) as raised:
        await hub.get_findings({})
    assert READER in raised.value.advice
    assert "trust policy" in raised.value.advice
    assert "e-1" not in str(raised.value)
    assert len((await hub.get_findings({})).findings) == 0


async def test_an_sts_that_is_busy_is_asked_again(hub_of: Hub, sts: Sts) -> None:
    sts.refusals = [(503, "ServiceUnavailable", "later"), (400, "Throttling", "Rate exceeded")]
    await hub_of(READER).get_findings({})
    assert len(sts.of("AssumeRole")) == 3


async def test_an_sts_that_stays_away_is_worth_another_try(hub_of: Hub, sts: Sts) -> None:
    sts.refusals = [(503, "ServiceUnavailable", "later")] * 50
    with pytest.raises(Retryable):
        await hub_of(READER).get_findings({})


async def test_credentials_that_expire_under_way_are_renewed(
    hub_of: Hub, control: ControlClient, usage: Usage
) -> None:
    control.load([finding(n, MEMBER) for n in range(120)])
    hub = hub_of(READER)
    first = await hub.get_findings({})
    assert control.expire_credentials() >= 1
    second = await hub.get_findings({}, next_token=first.next_token)
    assert len(first.findings) + len(second.findings) == 120
    assert usage.requests["securityhub", "GetFindings", "ExpiredTokenException"] == 1
    assert usage.requests["sts", "AssumeRole", "200"] == 2


async def test_credentials_that_worked_are_renewed_however_often_they_are_refused(
    hub_of: Hub, control: ControlClient, sts: Sts
) -> None:
    """Twice in a minute, as with a busy instance role: only fresh ones that are refused are an error."""
    hub = hub_of(READER)
    for _ in range(3):
        await hub.get_findings({})
        control.fault("expired_credentials", "GetFindings", count=1)
        await hub.get_findings({})
    assert len(sts.of("AssumeRole")) == 4


async def test_one_call_renews_credentials_once(
    hub_of: Hub, control: ControlClient, sts: Sts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "_RENEWAL_PAUSE", 0)
    control.fault("expired_credentials", "GetFindings", count=None)
    with pytest.raises(CredentialsRefused):
        await hub_of(READER).get_findings({})
    assert len(sts.of("AssumeRole")) == 2


async def test_credentials_that_are_expired_for_good_are_an_error(
    hub: SecurityHub, control: ControlClient, usage: Usage
) -> None:
    await hub.get_findings({})
    control.expire_credentials()
    for _ in range(3):
        with pytest.raises(CredentialsRefused):
            await hub.get_findings({})
    assert usage.requests["securityhub", "GetFindings", "ExpiredTokenException"] <= 5
    control.restore_credentials()
    await hub.get_findings({})


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)


def write_credentials(file: Path, access_key: str) -> None:
    file.write_text(
        f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = s\n", encoding="utf-8"
    )


@pytest.fixture
def credentials_file(control: ControlClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "credentials"
    control.register_credentials("FIRST", ADMINISTRATOR)
    control.register_credentials("SECOND", ADMINISTRATOR)
    write_credentials(file, "FIRST")
    without_credentials(monkeypatch)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    return file


async def test_a_credentials_file_that_is_replaced_is_read_again(
    credentials_file: Path, hub: SecurityHub, control: ControlClient
) -> None:
    await hub.get_findings({})
    control.expire_credentials("FIRST")
    write_credentials(credentials_file, "SECOND")
    await hub.get_findings({})
    assert [asked["access_key"] for asked in control.calls("GetFindings")["requests"]][-1] == "SECOND"


async def test_what_a_role_is_assumed_with_is_read_again_too(
    credentials_file: Path, hub_of: Hub, sts: Sts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "_RENEWAL_PAUSE", 0)
    await hub_of(READER, "first").get_findings({})
    write_credentials(credentials_file, "SECOND")
    sts.refusals = [(403, "ExpiredToken", "The security token included in the request is expired")]
    await hub_of(READER, "second").get_findings({})
    assert [asked["by"] for asked in sts.of("AssumeRole")] == ["FIRST", "FIRST", "SECOND"]


async def test_the_identity_of_a_service_account_is_used(
    hub_of: Hub, control: ControlClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_credentials(monkeypatch)
    token = tmp_path / "token"
    token.write_text("header.claims.signature")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", f"arn:aws:iam::{ADMINISTRATOR}:role/posture-operator")
    control.load([finding(0), finding(1, MEMBER)])
    assert len((await hub_of().get_findings({})).findings) == 2
    assert len((await hub_of(READER).get_findings({})).findings) == 1


async def test_a_token_file_that_is_not_there_is_said(
    hub: SecurityHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_credentials(monkeypatch)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_ROLE_ARN", READER)
    with pytest.raises(CredentialsUnavailable, match="absent"):
        await hub.get_findings({})


@pytest.mark.parametrize("role", [None, READER])
async def test_no_identity_at_all_is_said(
    hub_of: Hub, monkeypatch: pytest.MonkeyPatch, role: str | None
) -> None:
    without_credentials(monkeypatch)
    hub = hub_of(role)
    with pytest.raises(CredentialsUnavailable, match="Give the pod an identity"):
        await hub.get_findings({})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ADMINISTRATOR)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "came later")
    await hub.get_findings({})


@pytest.mark.parametrize("region", ["EU West", "eu_west_1!"])
async def test_a_region_that_is_no_name_is_said(hub_of: Hub, region: str) -> None:
    with pytest.raises(RegionUnavailable, match="Name an existing Region"):
        await hub_of(region=region).get_findings({})


async def test_an_endpoint_that_nobody_serves_is_worth_another_try(
    hub: SecurityHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECURITYHUB", "http://127.0.0.1:9")
    with pytest.raises(EndpointUnreachable, match="egress"):
        await hub.get_findings({})


async def test_no_secret_is_ever_in_an_error(
    hub_of: Hub, control: ControlClient, sts: Sts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET-KEY")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "SECRET-TOKEN")
    errors: list[AwsError] = []
    for kind in ("denied", "expired_credentials", "html", "unreachable"):
        control.fault(kind, "GetFindings", count=None)
        with pytest.raises(AwsError) as raised:
            await hub_of().get_findings({})
        errors.append(raised.value)
        control.lift_faults()
    sts.refusals = [(403, "AccessDenied", "no")]
    with pytest.raises(RoleNotAssumable) as refused:
        await hub_of(READER, "SECRET-ID").get_findings({})
    for error in (*errors, refused.value):
        said = json.dumps(
            [str(error), repr(error), error.advice, repr(error.__cause__), repr(error.__context__)]
        )
        assert "SECRET" not in said


async def test_closing_leaves_nothing_open(control: ControlClient, limiters: Limiters, usage: Usage) -> None:
    """A connector or socket left behind would be a ResourceWarning, which is an error here."""
    for _ in range(2):
        async with Sessions(usage) as sessions:
            for role in (None, READER):
                await SecurityHub(sessions, Identity(role, None, REGION), limiters, usage).get_findings({})
            control.expire_credentials()
            await SecurityHub(sessions, Identity(READER, None, REGION), limiters, usage).get_findings({})
        control.restore_credentials()
