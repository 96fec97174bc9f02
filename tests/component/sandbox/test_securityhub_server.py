"""The emulator's HTTP side: protocol, credentials, quotas, faults, staleness, clock and call counts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
)

from sandbox.securityhub.asff import encode
from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.model import operation_model, operation_names, route
from sandbox.securityhub.mutations import mutate, mutation_of
from sandbox.securityhub.operations import OPERATIONS
from sandbox.securityhub.quotas import Quotas
from sandbox.securityhub.seed import apply_seed, seed_of
from sandbox.securityhub.server import SecurityHubServer

Json = dict[str, Any]
ACCOUNT, REGION = "111122223333", "eu-west-1"
# One session for all clients: each would read the service's model again.
SESSION = get_session()
BY_UPDATE = [{"Field": "UpdatedAt", "SortOrder": "asc"}]
ACTIVE = {"RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}]}


def finding(number: int) -> Json:
    return {
        "Id": f"f{number}",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "AwsAccountId": ACCOUNT,
        "Region": REGION,
        "UpdatedAt": f"2026-11-20T10:00:{number:02}.000Z",
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }


@pytest.fixture
async def server() -> AsyncIterator[SecurityHubServer]:
    emulator = Emulator()
    seed = {"administrator": ACCOUNT, "accounts": [{"id": ACCOUNT}], "regions": [REGION]}
    apply_seed(emulator, seed_of(seed))
    emulator.load(finding(number) for number in range(6))
    async with SecurityHubServer(emulator) as running:
        yield running


@pytest.fixture
async def client(server: SecurityHubServer) -> AsyncIterator[Any]:
    async with SESSION.create_client(
        "securityhub",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="unchecked",  # noqa: S106 - signatures are not verified
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
    ) as made:
        yield made


async def code_of(call: Any) -> str:
    with pytest.raises(ClientError) as refused:
        await call
    return str(refused.value.response["Error"]["Code"])


def ids(page: Json) -> list[str]:
    return [it["Id"] for it in page["Findings"]]


@pytest.mark.parametrize("name", operation_names())
def test_every_path_of_the_model_leads_to_its_operation(name: str) -> None:
    http = operation_model(name).http
    path = http["requestUri"].partition("?")[0]
    for label in ("{", "+}", "}"):
        path = path.replace(label, "")
    assert route(http["method"], path).operation.name == name


def test_the_operations_are_those_of_the_model() -> None:
    assert set(OPERATIONS) <= set(operation_names())


async def test_what_is_not_served_is_said(client: Any) -> None:
    assert await code_of(client.describe_products()) == "NotImplementedException"


@pytest.mark.parametrize(
    ("method", "path", "signed_for", "status", "code"),
    [
        ("POST", "/nowhere", "securityhub", 403, "MissingAuthenticationTokenException"),
        ("POST", "/findings", None, 403, "MissingAuthenticationTokenException"),
        ("POST", "/findings", "sts", 403, "InvalidSignatureException"),
        ("POST", "/findings", "securityhub", 400, "SerializationException"),
    ],
)
async def test_requests_that_are_none(
    server: SecurityHubServer, method: str, path: str, signed_for: str | None, status: int, code: str
) -> None:
    scope = f"Credential={ACCOUNT}/20261122/{REGION}/{signed_for}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"} if signed_for else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, server.url + path, data=b"{", headers=headers) as answer,
    ):
        assert answer.status == status
        assert answer.headers["x-amzn-ErrorType"] == code
        assert (await answer.json())["Code"] == code


async def test_a_broken_finding_is_served_verbatim(server: SecurityHubServer) -> None:
    keys = {"Id": "raw", "AwsAccountId": ACCOUNT, "Region": REGION, "UpdatedAt": "2026-11-21T00:00:00Z"}
    broken = '{"Id": "raw", "UpdatedAt": 5, "x": [}'
    mutate(server.emulator, [mutation_of({"op": "raw", "body": broken, "keys": keys})])
    scope = f"Credential={ACCOUNT}/20261122/{REGION}/securityhub/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/findings", data=b"{}", headers=headers) as answer,
    ):
        assert broken in await answer.text()


async def test_the_date_header_follows_the_clock(server: SecurityHubServer, client: Any) -> None:
    server.emulator.clock.advance(3600)
    before = int(time.time()) + 3600
    answer = await client.describe_hub()
    shown = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    assert before <= shown <= time.time() + 3600


async def test_credentials_expire(server: SecurityHubServer, client: Any) -> None:
    await client.describe_hub()
    assert server.identities.expire() == [ACCOUNT]
    assert await code_of(client.describe_hub()) == "ExpiredTokenException"
    server.identities.restore()
    await client.describe_hub()


async def test_quotas_are_per_account_region_and_operation(
    server: SecurityHubServer,
    client: Any,
) -> None:
    now = 0.0
    server.emulator.quotas = Quotas(monotonic=lambda: now)
    answers = await asyncio.gather(*(client.get_findings() for _ in range(9)), return_exceptions=True)
    throttled = [it for it in answers if isinstance(it, ClientError)]
    assert len(throttled) == 3
    assert {it.response["Error"]["Code"] for it in throttled} == {"TooManyRequestsException"}
    assert {it.response["ResponseMetadata"]["HTTPStatusCode"] for it in throttled} == {429}
    await client.describe_hub()
    now = 0.34
    await client.get_findings()
    assert await code_of(client.get_findings()) == "TooManyRequestsException"
    (count,) = [it for it in server.emulator.calls.counts() if it["operation"] == "GetFindings"]
    assert (count["calls"], count["throttled"], count["findings"]) == (11, 4, 7 * 6)


def test_buckets_refill_at_their_rate_up_to_their_burst() -> None:
    now = 0.0
    quotas = Quotas(monotonic=lambda: now, scale=0.5)
    granted = 0
    for step in range(1000):
        now = step / 10
        granted += quotas.take(ACCOUNT, REGION, "GetFindings")
    assert granted == pytest.approx(3 + 100 * 1.5, abs=1)
    now += 1000
    assert [quotas.take(ACCOUNT, REGION, "GetFindings") for _ in range(5)] == [True] * 3 + [False] * 2


async def test_latency_does_not_serialize(
    server: SecurityHubServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it passes before an answer is made, half after: here when all calls have got there."""
    latency, calls = 0.3, 8
    server.emulator.settings.latency = {"GetFindings": latency}
    sleep, there, slept = asyncio.sleep, asyncio.Barrier(calls), list[float]()

    async def sleep_together(seconds: float) -> None:
        if seconds != latency / 2:
            await sleep(seconds)
            return
        slept.append(seconds)
        await there.wait()

    monkeypatch.setattr(asyncio, "sleep", sleep_together)
    await asyncio.gather(*(client.get_findings() for _ in range(calls)))
    assert len(slept) == 2 * calls


@pytest.mark.parametrize(
    ("kind", "options", "code"),
    [
        ("throttle", {}, "TooManyRequestsException"),
        ("error", {}, "InternalException"),
        ("error", {"status": 503, "code": "ServiceUnavailableException"}, "ServiceUnavailableException"),
        ("denied", {}, "AccessDeniedException"),
        ("expired_credentials", {}, "ExpiredTokenException"),
    ],
)
async def test_faults_that_refuse(
    server: SecurityHubServer,
    client: Any,
    kind: str,
    options: Json,
    code: str,
) -> None:
    server.emulator.faults.add(kind, operation="GetFindings", after=1, count=2, options=options)
    await client.describe_hub()
    await client.get_findings()
    assert [await code_of(client.get_findings()) for _ in range(2)] == [code, code]
    assert len((await client.get_findings())["Findings"]) == 6


@pytest.mark.parametrize("kind", ["reset", "unreachable"])
async def test_broken_connections(server: SecurityHubServer, client: Any, kind: str) -> None:
    server.emulator.faults.add(kind, operation="BatchUpdateFindings")
    identifiers = [{"Id": "f1", "ProductArn": finding(1)["ProductArn"]}]
    with pytest.raises((HTTPClientError, ConnectionClosedError, aiohttp.ClientError)):
        await client.batch_update_findings(FindingIdentifiers=identifiers, Workflow={"Status": "SUPPRESSED"})
    (now,) = [it for it in (await client.get_findings())["Findings"] if it["Id"] == "f1"]
    # A reset hides an answer, not what was done.
    assert now["Workflow"]["Status"] == ("SUPPRESSED" if kind == "reset" else "NEW")


@pytest.mark.parametrize("kind", ["html", "empty", "truncated"])
async def test_bodies_that_are_none(server: SecurityHubServer, kind: str) -> None:
    server.emulator.faults.add(kind)
    scope = f"Credential={ACCOUNT}/20261122/{REGION}/securityhub/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/findings", data=b"{}", headers=headers) as answer,
    ):
        assert answer.status == 200
        body = await answer.read()
    assert {
        "html": body.startswith(b"<html>"),
        "empty": body == b"",
        "truncated": body.startswith(b'{"Findings":[') and len(body) < len(encode(finding(0))) * 4,
    }[kind]


async def pages(client: Any) -> list[list[str]]:
    found: list[list[str]] = []
    parameters: Json = {"SortCriteria": BY_UPDATE, "MaxResults": 3, "Filters": ACTIVE}
    while True:
        page = await client.get_findings(**parameters)
        found.append(ids(page))
        if "NextToken" not in page:
            return found
        parameters["NextToken"] = page["NextToken"]


async def test_faults_between_pages(server: SecurityHubServer, client: Any) -> None:
    faults = server.emulator.faults
    faults.add("duplicate", options={"findings": 2})
    assert await pages(client) == [["f0", "f1", "f2"], ["f1", "f2", "f3"], ["f4", "f5"]]
    faults.add("short", options={"findings": 1})
    faults.add("short")
    assert await pages(client) == [["f0"], [], ["f1", "f2", "f3"], ["f4", "f5"]]
    faults.add("moved")
    assert await pages(client) == [["f0", "f1", "f2"], ["f4", "f5", "f3"]]
    faults.add("invalid_token")
    assert await code_of(pages(client)) == "InvalidInputException"
    assert len(await pages(client)) == 2


async def test_calls_are_held_until_they_are_let_go_or_broken_off(
    server: SecurityHubServer, client: Any
) -> None:
    faults = server.emulator.faults
    active, second = list(ACTIVE), {"next_page": True}
    rule = faults.add("held", operation="GetFindings", count=None, options={"filters": active, **second})
    await client.get_findings(MaxResults=3)
    page = await client.get_findings(MaxResults=3, Filters=ACTIVE)
    assert (rule.hits, rule.holding) == (0, []), "neither other filters nor a first page"
    for let_go in (False, True):
        call = asyncio.create_task(
            client.get_findings(MaxResults=3, Filters=ACTIVE, NextToken=page["NextToken"])
        )
        await until(lambda: len(rule.holding) == 1)
        assert not call.done()
        if let_go:
            faults.remove(rule.id)
            assert len((await call)["Findings"]) == 3
        else:
            call.cancel()
            await until(lambda: not rule.holding)
    assert [it["Filters"] for it in rule.broken_off] == [ACTIVE]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the server tells nobody when it changes
            await asyncio.sleep(0.01)


def test_a_fault_that_is_none_is_refused(server: SecurityHubServer) -> None:
    with pytest.raises(ValueError, match="'bang' is no kind of fault"):
        server.emulator.faults.add("bang")


async def test_stale_reads_show_the_past_for_a_while(server: SecurityHubServer, client: Any) -> None:
    emulator = server.emulator
    emulator.staleness.seconds = 60
    changes: list[Json] = [
        {"op": "archive", "id": "f1"},
        {"op": "delete", "id": "f2"},
        {"op": "workflow", "id": "f3", "status": "SUPPRESSED"},
        {"op": "workflow", "id": "f3", "status": "RESOLVED"},
        {"op": "put", "finding": finding(9)},
    ]
    mutate(emulator, [mutation_of(change) for change in changes])

    async def seen() -> dict[str, str]:
        page = await client.get_findings(Filters=ACTIVE, MaxResults=100)
        return {it["Id"]: it["Workflow"]["Status"] for it in page["Findings"]}

    past = {f"f{number}": "NEW" for number in range(6)}
    present = {"f0": "NEW", "f3": "RESOLVED", "f4": "NEW", "f5": "NEW", "f9": "NEW"}
    assert await seen() == past
    emulator.staleness.probability = 0.5
    both = [await seen() for _ in range(20)]
    assert past in both
    assert present in both
    emulator.clock.advance(61)
    assert await seen() == present


async def test_calls_are_kept_with_their_parameters(server: SecurityHubServer, client: Any) -> None:
    await client.get_findings(Filters=ACTIVE, MaxResults=2)
    await code_of(client.get_findings(MaxResults=200))
    first, second = server.emulator.calls.recent("GetFindings")
    assert first["parameters"] == {"Filters": ACTIVE, "MaxResults": 2}
    assert (first["findings"], first["code"], second["code"]) == (2, None, "InvalidInputException")
    server.emulator.calls.reset()
    assert server.emulator.calls.total() == 0
