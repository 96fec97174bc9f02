"""An output to CloudWatch, against moto's over HTTP, through faults."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from posture.aws.client import calls
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Sessions
from posture.config.outputs import CloudWatchOutput
from posture.publish import sending
from posture.publish.cloudwatch.output import CloudWatchDestination
from sandbox.cloud import Cloud
from tests.support.cloud_watch import values
from tests.support.published import STANDARD, evaluation, publication, report

NAMESPACE = "SecurityPosture"
_accounts = count(200000000000)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start() as running:
        yield running


@pytest.fixture(autouse=True)
def environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cloud.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(sending, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(sending, "_LASTING_PAUSE", 0.2)


@pytest.fixture
def account() -> str:
    """An account for each test."""
    return str(next(_accounts))


@asynccontextmanager
async def running(account: str, **changes: Any) -> AsyncIterator[CloudWatchDestination]:
    definition = CloudWatchOutput.model_validate(
        {
            "name": "posture-metrics",
            "namespaces": ["security"],
            "region": "eu-west-1",
            "roleArn": f"arn:aws:iam::{account}:role/posture-metrics",
            "metricNamespace": NAMESPACE,
            **changes,
        }
    )
    usage = Usage()
    async with Sessions(usage) as sessions:
        destination = CloudWatchDestination(definition, sessions, Limiters(0.8), usage)
        destination.expect([publication("u")])
        task = asyncio.create_task(destination.run())
        try:
            yield destination
        finally:
            task.cancel()
            await asyncio.wait({task})


def now() -> int:
    return time.time_ns() // 1000


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - an output tells nobody
            await asyncio.sleep(0.02)


async def test_a_target_its_standards_and_its_workloads_are_there_unrounded(
    cloud: Cloud, account: str
) -> None:
    async with running(account) as destination:
        destination.show("u", report(evaluation(3, 0), now=now()), lambda: 60.0)
        await until(lambda: destination.sender.sent == 12)
        delivery = destination.delivery("u")
    assert delivery.trouble is None
    assert delivery.queued == 0
    assert delivery.last_success == pytest.approx(now(), abs=60_000_000)
    of_all, standard = ("organization",), (f"organization/{STANDARD}",)
    assert values(cloud, account, NAMESPACE) == {
        ("Score", *of_all): [100 * 4 / 7],
        ("Controls", *of_all): [7.0],
        ("Findings", *of_all): [6.0],
        ("Score", *standard): [100 * 4 / 7],
        ("Controls", *standard): [7.0],
        ("Findings", *standard): [6.0],
        ("Score", *standard, "app0-test", "test"): [100 * 4 / 7],
        ("Controls", *standard, "app0-test", "test"): [7.0],
        ("Findings", *standard, "app0-test", "test"): [6.0],
        ("Score", *standard, "app1-test", "test"): [100.0],
        ("Controls", *standard, "app1-test", "test"): [7.0],
        ("Findings", *standard, "app1-test", "test"): [0.0],
    }


async def test_a_change_is_sent_and_what_stays_is_not_sent_again(cloud: Cloud, account: str) -> None:
    """A minute has one point: what changes twice in it would show as a mean that never was."""
    at = now() - 300_000_000
    async with running(account) as destination:
        destination.show("u", report(evaluation(3), now=at), lambda: 60.0)
        await until(lambda: destination.sender.sent == 9)
        destination.show("u", report(evaluation(3), now=at + 60_000_000), lambda: 60.0)
        await asyncio.sleep(1.5)
        destination.show("u", report(evaluation(1), now=at + 120_000_000), lambda: 60.0)
        await until(lambda: destination.sender.sent == 15)
        assert destination.sender.length == 0
    found = values(cloud, account, NAMESPACE)
    assert found["Score", "organization"] == [100 * 4 / 7, 100 * 6 / 7]
    assert found["Controls", "organization"] == [7.0]
    assert found["Findings", "organization"] == [6.0, 2.0]


async def test_nothing_is_sent_of_a_score_that_is_not_current(cloud: Cloud, account: str) -> None:
    async with running(account) as destination:
        old = report(evaluation(3), now=now())
        destination.show("u", old._replace(current_until=0), lambda: 60.0)
        destination.show("u", old._replace(current_until=old.told_at), lambda: 60.0)
        destination.show("u", old, lambda: 0.0)
        await asyncio.sleep(1.5)
        destination.withdraw("u")
        assert destination.sender.sent == destination.sender.length == 0
        assert destination.delivery("u").last_success is None
    assert values(cloud, account, NAMESPACE) == {}


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "throttled": ({"code": "ThrottlingException", "status": 400}, "Throttled"),
    "denied": ({"code": "AccessDeniedException", "status": 403}, "AccessDenied"),
    "broken": ({"code": "InternalServiceFault", "status": 500}, "AwsUnavailable"),
    "hanging": ({"hold": "call"}, "AwsUnavailable"),
    "no AWS": ({"answer": "html"}, "MalformedResponse"),
    "cut off": ({"answer": "truncated"}, "AwsUnavailable"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_what_cannot_be_sent_waits_and_says_why(cloud: Cloud, account: str, name: str) -> None:
    fault, reason = FAULTS[name]
    cloud.meddle("fault", service="cloudwatch", operation="PutMetricData", account=account, **fault)
    async with running(account) as destination:
        destination.show("u", report(evaluation(3), now=now()), lambda: 6.0)
        await until(lambda: destination.delivery("u").trouble)
        # Whoever shows waits for nothing, whatever the destination does.
        started = time.monotonic()
        destination.show("u", report(evaluation(3), now=now()), lambda: 6.0)
        delivery = destination.delivery("u")
        assert time.monotonic() - started < 0.5
        assert delivery.trouble is not None
        assert delivery.trouble.reason == reason
        assert delivery.queued == 9
        assert destination.sender.failed[reason] >= 1
        assert destination.sender.oldest > 0
        cloud.lift("fault")
        await until(lambda: destination.sender.sent == 9)
        assert destination.delivery("u").trouble is None
    assert values(cloud, account, NAMESPACE)["Score", "organization"] == [100 * 4 / 7]


async def test_of_what_is_refused_for_itself_the_rest_is_sent(cloud: Cloud, account: str) -> None:
    """AWS takes all of a request, or nothing."""
    refusal = {"code": "InvalidParameterValue", "status": 400, "mentions": "app1-test"}
    cloud.meddle("bad", service="cloudwatch", operation="PutMetricData", account=account, **refusal)
    async with running(account) as destination:
        destination.show("u", report(evaluation(3, 0, 1), now=now()), lambda: 60.0)
        await until(lambda: destination.sender.sent + destination.sender.dropped == 15)
        delivery = destination.delivery("u")
    cloud.lift("bad")
    assert (destination.sender.sent, destination.sender.dropped) == (12, 3)
    assert delivery.trouble is None
    assert "3 values were dropped" in delivery.note
    found = values(cloud, account, NAMESPACE)
    assert len(found) == 12
    assert not [key for key in found if "app1-test" in key]


async def test_there_are_never_more_metrics_than_allowed_and_targets_come_first(
    cloud: Cloud, account: str
) -> None:
    others = publication("other", "zz")._replace(standards=1, workloads=2)
    async with running(account, maxMetrics=11) as destination:
        # Of the third one another replica publishes its three, and there is room for two of five standards.
        destination.expect([publication("u"), publication("v", "payments"), others])
        destination.show("u", report(evaluation(3, 0), now=now()), lambda: 60.0)
        destination.show("v", report(evaluation(1), "payments", now=now()), lambda: 60.0)
        await until(lambda: destination.sender.sent == 8)
        # One that comes anew within the hour has no room: all of it is used, or kept.
        destination.expect([publication("u"), publication("v", "payments"), publication("w", "aa"), others])
        destination.show("w", report(evaluation(1), "aa", now=now()), lambda: 60.0)
        await until(lambda: destination.delivery("w").trouble)
        trouble = destination.delivery("w").trouble
        assert trouble is not None
        assert trouble.reason == "MaxMetrics"
        assert destination.delivery("u").trouble is None
        assert "left out: maxMetrics of the output is 11" in destination.delivery("u").note
    found = values(cloud, account, NAMESPACE)
    assert sorted(key[1] for key in found if key[0] == "Score") == [
        "organization",
        f"organization/{STANDARD}",
        "payments",
        f"payments/{STANDARD}",
    ]
    assert len(found) == 8


async def test_thousands_are_sent_a_thousand_at_once_and_compressed(
    account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.content.read()
        plain = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else b"{}"
        seen.append((len(body), len(plain), len(json.loads(plain)["MetricData"])))
        return web.Response(headers={"Content-Type": "application/x-amz-json-1.0"})

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://{}:{}".format(*runner.addresses[0][:2]))
    async with running(account, maxMetrics=2500) as destination:
        destination.show("u", report(evaluation(*[1] * 800), now=now()), lambda: 60.0)
        await until(lambda: destination.sender.sent == 2406)
    await runner.cleanup()
    assert [number for _, _, number in seen] == [1000, 1000, 406]
    assert all(sent < plain / 5 and plain <= 1_000_000 for sent, plain, _ in seen)
