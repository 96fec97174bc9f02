"""What AWS quotes of a request, or answers in pieces, is in no error, cause, traceback or log line."""

import io
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from posture import logs
from posture.aws.client.errors import (
    AwsError,
    CredentialsRefused,
    MalformedResponse,
    RoleNotAssumable,
)
from posture.domain.findings import FindingId, Workflow
from posture.domain.text import LONGEST_MESSAGE, REMOVED
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import MEMBER, Hub, finding
from tests.support.sts import NAMESPACE, Sts

READER = f"arn:aws:iam::{MEMBER}:role/posture-reader"
SECRET = "S3CRET"  # noqa: S105 - what must not be shown
TOKEN = f"{SECRET}-TOKEN"
EXTERNAL_ID = f"{SECRET}-ID"
CANONICAL = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
    " Access Key and signing method.\n\nThe Canonical String for this request should have been\n'POST\n/f\n\n"
    f"host:securityhub\nx-amz-security-token:{TOKEN}\n\nhost;x-amz-security-token\nabc'\n"
)
SECURITY_HUB = [
    ("InvalidSignatureException", CANONICAL),
    ("InvalidSignatureException", CANONICAL.replace("\n", " ")),
    (
        "AccessDeniedException",
        f"Not authorized. Encoded authorization failure message: {SECRET}{'x_-9' * 200}",
    ),
    (
        "IncompleteSignatureException",
        f"Authorization header requires 'Signature' parameter, and is {TOKEN!r}",
    ),
    ("SomethingNew", f"What is {TOKEN}?\x1b[2J\x00"),
    (f"New{TOKEN}", "no"),
]
STS = [
    ("SignatureDoesNotMatch", CANONICAL),
    (
        "ValidationError",
        f"1 validation error detected: Value '{EXTERNAL_ID}' at 'externalId' failed to satisfy constraint",
    ),
    ("AccessDenied", f"The external id {EXTERNAL_ID} is not that of the trust policy"),
    ("AccessDenied", f"Not authorized. Encoded authorization failure message: {SECRET}{'x_-9' * 200}"),
    ("InvalidClientTokenId", f"The security token {TOKEN} is invalid"),
]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, from the least important on, as the operator writes it."""
    written = io.StringIO()
    monkeypatch.setattr("posture.logs.sys.stderr", written)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("json", "debug")
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def token(control: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    del control
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)


def everything_said(error: BaseException, page: io.StringIO) -> str:
    """The error, its causes, what is logged of it as a defect, and all log lines before."""
    logging.getLogger("posture.test").error("A defect: %s", error, exc_info=error)
    told = [page.getvalue(), *traceback.format_exception(error), repr(error)]
    cause: BaseException | None = error
    while cause is not None:
        response = {**getattr(cause, "response", {}), "ResponseMetadata": "headers, which nobody shows"}
        told += [str(cause), repr(cause), repr(response)]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(told)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(("code", "message"), SECURITY_HUB)
async def test_what_security_hub_quotes_is_shown_nowhere(
    hub_of: Hub, control: ControlClient, page: io.StringIO, code: str, message: str
) -> None:
    options = {"status": 403, "code": code, "message": message}
    control.fault("error", "GetFindings", count=None, options=options)
    with pytest.raises(AwsError) as raised:
        await hub_of().get_findings({})
    assert SECRET not in everything_said(raised.value, page)
    assert raised.value.message.isprintable()
    assert 0 < len(raised.value.message) <= LONGEST_MESSAGE


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(("code", "message"), STS)
async def test_what_sts_quotes_is_shown_nowhere(
    hub_of: Hub, sts: Sts, page: io.StringIO, code: str, message: str
) -> None:
    sts.refusals = [(403, code, message)] * 9
    with pytest.raises((RoleNotAssumable, CredentialsRefused)) as raised:
        await hub_of(READER, EXTERNAL_ID).get_findings({})
    assert SECRET not in everything_said(raised.value, page)
    assert isinstance(raised.value.__cause__, ClientError)


@pytest.mark.parametrize(
    "tail", ["", "<SessionToken>t</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>"]
)
async def test_a_truncated_answer_of_sts_is_none_and_its_credentials_are_shown_nowhere(
    hub_of: Hub, sts: Sts, page: io.StringIO, tail: str
) -> None:
    """botocore puts a body that is no XML into its error, and ends in a KeyError where a member lacks."""
    head = f'<AssumeRoleResponse xmlns="{NAMESPACE}"><AssumeRoleResult><Credentials>'
    secrets = f"<AccessKeyId>{MEMBER}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
    sts.bodies = [(200, head + secrets + tail)] * 20
    with pytest.raises(MalformedResponse) as raised:
        await hub_of(READER).get_findings({})
    assert SECRET not in everything_said(raised.value, page)
    sts.bodies = []
    await hub_of(READER).get_findings({})


async def test_what_is_said_of_single_findings_is_clean_too(hub_of: Hub, control: ControlClient) -> None:
    control.load([finding(0)])
    options: dict[str, Any] = {"code": "InternalException", "message": f"x-amz-security-token:{SECRET}\x00"}
    control.fault("unprocessed", "BatchUpdateFindings", count=None, options=options)
    identifier = FindingId(finding(0)["ProductArn"], finding(0)["Id"])
    update = await hub_of().batch_update_findings([identifier], workflow=Workflow.SUPPRESSED)
    assert [left.message for left in update.unprocessed] == [f"x-amz-security-token:{REMOVED}"]
