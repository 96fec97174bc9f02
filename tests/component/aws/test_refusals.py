"""The table of refusals over HTTP: from what AWS answers, through botocore and renewals, to the advice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posture.aws.client.calls import Calls
from posture.aws.client.errors import (
    AwsError,
    CredentialsRefused,
    RegionUnavailable,
    Retryable,
    Terminal,
)
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from sandbox.cloud import Cloud
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import ADMINISTRATOR, MEMBER, Hub
from tests.support.refusal_cases import (
    CASES,
    OWN,
    REGION,
    ROLE,
    STATUSES,
    WEB,
    is_told,
    names_everything,
)

READER = f"arn:aws:iam::{MEMBER}:role/posture-reader"
IN_ENTRIES = {"ACCESS_DENIED"}
"""Codes of single entries, which are never those of a call."""
PARAMETERS: dict[str, dict[str, Any]] = {
    "BatchUpdateFindings": {"FindingIdentifiers": [{"Id": "f", "ProductArn": "p"}]},
    "GetFindingAggregator": {"FindingAggregatorArn": "a"},
    "GetInsightResults": {"InsightArn": "a"},
    "UpdateStandardsControl": {"StandardsControlArn": "c"},
}


def of(*operations: str) -> list[tuple[tuple[str, ...], str, list[str]]]:
    """The cases of these operations."""
    return [case for case in CASES if (*case[0], "GetFindings")[1] in operations]


OTHERS = (
    "ListAccounts",
    "ListTagsForResource",
    "ReceiveMessage",
    "DeleteMessageBatch",
    "DescribeConfigurationAggregators",
)
"""What other services are asked."""
OF_HUB = [
    case for case in CASES if case not in of("AssumeRole", WEB, *OTHERS) and case[0][0] not in IN_ENTRIES
]


@pytest.fixture
def sts(cloud: Cloud) -> Iterator[Cloud]:
    yield cloud
    cloud.refuse_sts()


@pytest.fixture
def calls(sessions: Sessions, limiters: Limiters, usage: Usage) -> Calls:
    return Calls(sessions, Identity(ROLE, "s3cret", REGION), limiters, usage, service="securityhub")


@pytest.fixture
def service_account(control: ControlClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The operator's own identity is ROLE, by a web identity."""
    del control
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    token = tmp_path / "token"
    token.write_text("header.s3cret.signature")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


async def refused(calls: Calls, operation: str) -> AwsError:
    with pytest.raises(AwsError) as raised:
        await calls.call(operation, PARAMETERS.get(operation, {}), patience=0.1)
    return raised.value


def is_of_its_class(found: AwsError, kind: str) -> None:
    """Worth another try, or not until somebody changes something."""
    passes = kind in {"Retryable", "Throttled"}
    assert isinstance(found, Retryable if passes else Terminal)


@pytest.mark.parametrize(("said", "kind", "named"), OF_HUB, ids=lambda value: str(value)[:60])
async def test_what_security_hub_refuses(
    calls: Calls, control: ControlClient, said: tuple[str, ...], kind: str, named: list[str]
) -> None:
    code, operation, message = (*said, *("GetFindings", "no")[len(said) - 1 :])
    options = {"status": STATUSES.get(code, 403), "code": code, "message": message}
    control.fault("error", operation, count=None, options=options)
    found = await refused(calls, operation)
    is_told(found, said, kind, named)
    is_of_its_class(found, kind)


@pytest.mark.parametrize(
    ("said", "kind", "named"),
    of("AssumeRole"),
    ids=lambda value: str(value)[:60],
)
async def test_what_sts_refuses_of_a_role(
    calls: Calls, sts: Cloud, said: tuple[str, ...], kind: str, named: list[str]
) -> None:
    sts.refuse_sts(rule(said))
    found = await refused(calls, "GetFindings")
    is_told(found, said, kind, named)
    is_of_its_class(found, kind)
    assert (found.service, found.operation) == ("sts", "AssumeRole")


@pytest.mark.usefixtures("service_account")
@pytest.mark.parametrize(
    ("said", "kind", "named"),
    of(WEB),
    ids=lambda value: str(value)[:60],
)
async def test_what_sts_refuses_of_a_web_identity(
    sessions: Sessions,
    limiters: Limiters,
    usage: Usage,
    sts: Cloud,
    said: tuple[str, ...],
    kind: str,
    named: list[str],
) -> None:
    sts.refuse_sts(rule(said))
    own = Calls(sessions, Identity(None, None, REGION), limiters, usage, service="securityhub")
    found = await refused(own, "GetFindings")
    is_told(found, said, kind, named)
    is_of_its_class(found, kind)
    assert (found.service, found.operation) == ("sts", WEB)


def rule(said: tuple[str, ...]) -> dict[str, Any]:
    """The sandbox's STS refuses with this code: in AWS's words, or those of the case."""
    code, action, *message = said
    words = message[0] if message else "no" if code == "NewException" else None
    return {"code": code, "action": action, "message": words}


async def test_an_opt_in_region_is_to_be_enabled_in_the_operators_own_account(
    sts: Cloud, hub_of: Hub
) -> None:
    """STS there knows no key of an account that has not enabled it; elsewhere the role is assumed."""
    sts.refuse_sts({"code": "InvalidClientTokenId", "region": "eu-south-1"})
    with pytest.raises(CredentialsRefused) as raised:
        await hub_of(READER, region="eu-south-1").get_findings({})
    assert "Enable the Region eu-south-1 in the operator's own account" in raised.value.advice
    assert READER in raised.value.advice
    await hub_of(READER, "another").get_findings({})


async def test_a_region_without_sts_is_to_be_activated_in_the_account_of_the_role(
    sts: Cloud, hub_of: Hub
) -> None:
    sts.refuse_sts({"code": "RegionDisabledException"})
    with pytest.raises(RegionUnavailable, match=f"Activate STS for eu-west-1 in account {MEMBER}"):
        await hub_of(READER).get_findings({})


async def test_credentials_that_ran_out_when_a_role_was_assumed_are_renewed_at_once(
    sts: Cloud, hub_of: Hub
) -> None:
    sts.refuse_sts({"code": "ExpiredToken", "count": 1})
    await hub_of(READER).get_findings({})


async def test_credentials_that_ran_out_for_good_when_a_role_was_assumed_are_refused(
    sts: Cloud, hub_of: Hub
) -> None:
    sts.refuse_sts({"code": "ExpiredToken"})
    with pytest.raises(CredentialsRefused, match="credentials of the operator's own identity ran out"):
        await hub_of(READER).get_findings({})
    sts.refuse_sts()
    await hub_of(READER).get_findings({})


async def test_the_own_account_is_named_once_it_is_known(control: ControlClient, hub_of: Hub) -> None:
    control.fault("denied", "GetFindings", count=None)
    with pytest.raises(AwsError, match=f"{OWN} in account {ADMINISTRATOR}"):
        await hub_of().get_findings({})


async def test_a_call_without_an_answer_says_what_was_called_as_whom_and_where(
    calls: Calls, control: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    del control
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECURITYHUB", "http://127.0.0.1:9")
    found = await refused(calls, "GetFindings")
    assert type(found).__name__ == "EndpointUnreachable"
    names_everything(found, "securityhub:GetFindings")
