"""An output to Splunk over HTTP, against a collector that refuses, forgets and breaks off."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from posture.config.outputs import SplunkOutput
from posture.domain.findings import Compliance
from posture.publish import outbox
from posture.publish.splunk import output as splunk_output
from posture.publish.splunk.output import SplunkDestination, outlet_of
from sandbox.splunk.collector import Answer, Collector, Fault, Request, Token, broken, code
from sandbox.splunk.server import serve
from tests.support.outboxes import HUB, StoredHub, publishing
from tests.support.rows import finding

TOKEN = "8d1a8c0e-b3f1-4c7e-9a55-0c2f6f7c1d11"  # noqa: S105 - of this file alone


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(outbox, "_LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(outbox, "_LASTING_PAUSE", 0.2)
    monkeypatch.setattr(outbox, "_BOUND_EVERY", 0.05)
    monkeypatch.setattr(splunk_output, "_ASK_EVERY", 0.02)
    monkeypatch.setattr(splunk_output, "_ACK_WITHIN", 0.3)


class World:
    """A collector, a hub, and the output between them."""

    def __init__(self, folder: Path, url: str, collector: Collector) -> None:
        self.collector = collector
        self.url = url
        self.hub = StoredHub(folder / "hub.sqlite")
        self.token_file = folder / "token"
        self.token_file.write_text(f"{TOKEN}\n", "utf-8")

    def definition(self, **changes: Any) -> SplunkOutput:
        asked = {"name": "soc", "namespaces": ["security"], "url": self.url, **changes}
        return SplunkOutput.model_validate({"tokenFile": str(self.token_file), **asked})

    @asynccontextmanager
    async def running(self, *accounts: str, **changes: Any) -> AsyncIterator[SplunkDestination]:
        definition = self.definition(**changes)
        self.hub.follow(outlet_of(definition))
        destination = SplunkDestination(definition)
        destination.expect([publishing(accounts=accounts or ("*",))])
        destination.connect({HUB: self.hub})
        task = asyncio.create_task(destination.run())
        try:
            yield destination
        finally:
            task.cancel()
            await asyncio.wait({task})

    def told(self) -> list[tuple[str, str]]:
        return [(each["event"]["Id"], each["fields"]["posture_change"]) for each in self.collector.events]

    async def all_sent(self) -> None:
        """Wait until nothing waits any more."""
        await until(lambda: self.hub.store.outbox.waiting("soc").events == 0)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - an output tells nobody
            await asyncio.sleep(0.01)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    collector = Collector({TOKEN: Token(("main", "security"))})
    with serve(collector) as url:
        yield World(tmp_path, url, collector)


async def test_a_finding_arrives_as_security_hub_gave_it(world: World) -> None:
    async with world.running(index="security") as destination:
        world.hub.write(finding(), Description='ö "quoted"')
        world.hub.write(
            finding(compliance=Compliance.PASSED, updated_at=1_700_000_000_123_456), Description="x"
        )
        world.hub.store.remove([b""], asked_at=3)
        await world.all_sent()
        delivery = destination.delivery("u")
    first, second = world.collector.events
    assert first["event"]["Description"] == 'ö "quoted"'
    assert first["fields"]["posture_change"] == "new"
    assert second["fields"]["posture_change"] == "changed"
    assert second["fields"]["posture_changed_fields"] == ["Compliance", "Description"]
    assert second["time"] == 1_700_000_000.123456
    assert {(each["sourcetype"], each["index"], each["host"]) for each in (first, second)} == {
        ("aws:securityhub:finding", "security", "posture-hub-0")
    }
    assert {each["fields"]["hub"] for each in (first, second)} == {"posture-hub-0"}
    assert len(set(world.collector.ids)) == 2
    assert destination.sender.sent == 2
    assert delivery == ("soc", world.hub.time, 0, None, "")


async def test_only_what_a_target_may_see_is_sent(world: World) -> None:
    async with world.running("111122223333"):
        world.hub.write(finding(1), finding(2, account_id="444455556666"), finding(3))
        await world.all_sent()
    assert [name for name, _ in world.told()] == [finding(1).id, finding(3).id]


async def test_batches_stay_below_a_megabyte(world: World) -> None:
    world.collector.most = 1_000_000
    async with world.running():
        world.hub.write(*(finding(number) for number in range(60)), Description="x" * 100_000)
        await world.all_sent()
    assert [name for name, _ in world.told()] == [finding(number).id for number in range(60)]
    assert len(world.collector.sizes) == 7
    assert max(world.collector.sizes) <= 1_000_000


def html(status: int) -> Answer:
    return Answer(status, b"<html>It works!</html>")


def after_taking(collector: Collector, answer: Answer) -> Fault:
    """It is taken, but the answer is another one."""

    def fault(request: Request) -> Answer:
        collector.take(request)
        return answer

    return fault


PASSING = {
    "SplunkError": [code(8), code(5)],
    "SplunkBusy": [code(9), code(18), code(19), code(20), code(23), code(26), code(27)],
    "SplunkUnavailable": [broken(), html(500), html(503), html(429)],
    "NotSplunk": [html(200), Answer(200, b""), Answer(200, b"{}"), Answer(200, b'{"code": "0"}')],
}
LASTING = {
    "TokenDisabled": [code(1), code(22)],
    "TokenRequired": [code(2)],
    "InvalidAuthorization": [code(3), code(16)],
    "InvalidToken": [code(4), code(21)],
    "IncorrectIndex": [code(7, **{"invalid-event-number": 1})],
    "ChannelMissing": [code(10)],
    "InvalidChannel": [code(11)],
    "AckDisabled": [code(14)],
    "NotSplunk": [html(401), html(403)],
    "NotACollector": [html(404)],
    "Redirected": [
        Answer(301, b"", {"Location": "http://127.0.0.1:1/"}),
        Answer(307, code(0).body, {"Location": "http://127.0.0.1:1/"}),
    ],
}
CASES = [
    (reason, answer, lasting)
    for cases, lasting in ((PASSING, False), (LASTING, True))
    for reason, answers in cases.items()
    for answer in answers
]


@pytest.mark.parametrize(("reason", "answer", "lasting"), CASES)
async def test_what_is_not_taken_is_sent_again_and_said(
    world: World, reason: str, answer: Answer, lasting: bool, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []
    world.collector.faults += [lambda _: answer] * 2
    with caplog.at_level(logging.INFO):
        async with world.running() as destination:
            world.hub.write(finding(1), finding(2))
            await until(lambda: destination.sender.failed[reason])
            await until(lambda: destination.delivery("u").trouble or destination.sender.sent)
            seen.append(destination.delivery("u"))
            await world.all_sent()
            assert destination.sender.trouble is None
    assert destination.sender.failed == {reason: 2}
    assert [name for name, _ in world.told()] == [finding(1).id, finding(2).id]
    (delivery,) = seen
    assert delivery.trouble is not None
    assert delivery.trouble.reason == reason
    assert delivery.trouble.terminal is lasting
    assert delivery.queued == 2
    assert TOKEN not in f"{caplog.text}{delivery}"


@pytest.mark.parametrize("answer", [broken(), html(200), code(8), code(9)])
async def test_what_was_taken_though_nobody_said_so_comes_again_under_the_same_id(
    world: World, answer: Answer
) -> None:
    world.collector.faults.append(after_taking(world.collector, answer))
    async with world.running():
        world.hub.write(finding(1), finding(2))
        await world.all_sent()
    assert world.collector.ids[:2] == world.collector.ids[2:]
    assert len(world.collector.ids) == 4


@pytest.mark.parametrize("number", [24, 25])
async def test_what_is_taken_in_need_is_taken(
    world: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posture.publish.splunk.answers._SLOW_DOWN", 0.01)
    world.collector.faults.append(after_taking(world.collector, code(number)))
    async with world.running() as destination:
        world.hub.write(finding(1))
        await world.all_sent()
    assert len(world.collector.ids) == 1
    assert not destination.sender.failed


@pytest.mark.parametrize("acknowledge", [False, True])
@pytest.mark.parametrize("place", [0, 1, 4])
async def test_one_event_that_splunk_cannot_read_goes_alone_and_is_named(
    world: World, place: int, acknowledge: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world.collector.tokens[TOKEN].acknowledge = acknowledge
    world.collector.refuses = lambda event: event["event"]["Id"] == finding(place).id
    async with world.running(acknowledge=acknowledge) as destination:
        world.hub.write(*(finding(number) for number in range(5)))
        (event,) = world.hub.store.outbox.first("soc", 1 << 20)[place : place + 1]
        await world.all_sent()
    first_of_each = list(dict.fromkeys(name for name, _ in world.told()))
    assert first_of_each == [finding(number).id for number in range(5) if number != place]
    assert destination.sender.dropped == 1
    assert event.id in caplog.text
    assert "dropped" in destination.delivery("u").note


@pytest.mark.parametrize("number", [12, 13, 15, 6])
async def test_a_refusal_that_names_none_is_narrowed_down(world: World, number: int) -> None:
    bad = finding(3).id.encode()

    def fault(request: Request) -> Answer | None:
        world.collector.faults.append(fault)
        import gzip  # noqa: PLC0415 - one test looks into a request

        return code(number) if bad in gzip.decompress(request.body) else None

    world.collector.faults.append(fault)
    async with world.running() as destination:
        world.hub.write(*(finding(number) for number in range(5)))
        await world.all_sent()
    assert [name for name, _ in world.told()] == [finding(number).id for number in (0, 1, 2, 4)]
    assert destination.sender.dropped == 1


async def test_a_collector_that_takes_less_gets_less(world: World) -> None:
    world.collector.most = 50_000
    async with world.running():
        world.hub.write(*(finding(number) for number in range(20)), Description="x" * 20_000)
        await world.all_sent()
    assert [name for name, _ in world.told()] == [finding(number).id for number in range(20)]


async def test_only_what_is_acknowledged_has_arrived(world: World) -> None:
    world.collector.tokens[TOKEN].acknowledge = True
    world.collector.indexed = False
    async with world.running(acknowledge=True) as destination:
        world.hub.write(finding(1), finding(2))
        await until(lambda: destination.sender.failed["NotAcknowledged"])
        assert destination.sender.sent == 0
        assert destination.delivery("u").queued == 2
        world.collector.indexed = True
        await world.all_sent()
    assert destination.sender.sent == 2
    assert list(dict.fromkeys(name for name, _ in world.told())) == [finding(1).id, finding(2).id]
    assert len(set(world.collector.ids)) == 2


async def test_an_acknowledgement_that_got_lost_costs_a_repeat_only(world: World) -> None:
    world.collector.tokens[TOKEN].acknowledge = True
    world.collector.ack_faults += [after_taking(world.collector, broken()), lambda _: html(200)]
    async with world.running(acknowledge=True) as destination:
        world.hub.write(finding(1))
        await world.all_sent()
    assert destination.sender.sent == 1
    assert len(set(world.collector.ids)) == 1


async def test_a_token_without_acknowledgement_is_told(world: World) -> None:
    async with world.running(acknowledge=True) as destination:
        world.hub.write(finding(1))
        await until(lambda: destination.sender.failed["AckDisabled"])
        await until(lambda: destination.delivery("u").trouble)


async def test_a_new_token_is_used_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_LASTING_PAUSE", 3600.0)
    monkeypatch.setattr(outbox, "_FILES_EVERY", 0.02)
    world.token_file.write_text("an-old-one", "utf-8")
    async with world.running() as destination:
        world.hub.write(finding(1))
        await until(lambda: destination.sender.failed["InvalidToken"])
        world.token_file.unlink()
        await until(lambda: destination.sender.failed["TokenUnreadable"])
        world.token_file.write_text(f"{TOKEN}\r\n", "utf-8")
        await world.all_sent()
    assert world.collector.ids


@pytest.mark.parametrize("text", ["", "\n", "two words", "line\nline", "ö", "x" * 5000])
async def test_what_is_no_token_is_not_sent_and_not_told(
    world: World, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.token_file.write_text(text, "utf-8")
    async with world.running() as destination:
        world.hub.write(finding(1))
        await until(lambda: destination.sender.failed["TokenUnreadable"])
        said = f"{caplog.text}{destination.delivery('u')}"
    assert not world.collector.events
    assert "two words" not in said


async def test_the_oldest_go_while_splunk_is_away_and_it_is_told(world: World) -> None:
    world.collector.faults += [lambda _: code(9)] * 1000
    async with world.running(maxQueue={"events": 3, "age": "1h"}) as destination:
        for number in range(5):
            world.hub.write(finding(number))
        await until(lambda: destination.sender.dropped == 2)
        assert destination.sender.length == 3
        assert destination.delivery("u").note.startswith("2 events were dropped")
        world.hub.time += 3_600_000_000 - 500_000
        await until(lambda: destination.sender.dropped == 4)
        world.collector.faults.clear()
        await world.all_sent()
    assert [name for name, _ in world.told()] == [finding(4).id]


async def test_who_does_not_lead_sends_nothing(world: World) -> None:
    world.hub.leads = False
    async with world.running() as destination:
        world.hub.write(finding(1))
        await asyncio.sleep(0.2)
        assert destination.sender.length == 0
        assert not world.collector.events
        world.hub.leads = True
        world.hub.change()
        await world.all_sent()
    assert len(world.collector.events) == 1


async def test_changes_while_splunk_is_away_leave_the_event_loop_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(outbox, "_LONGEST_PAUSE", 3600.0)
    world.collector.faults.append(lambda _: code(9))
    async with world.running() as destination:
        world.hub.write(finding(1))
        await until(lambda: destination.sender.failed["SplunkBusy"])
        world.hub.write(finding(2))
        began = asyncio.get_running_loop().time()
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - began < 10
    assert destination.sender.failed == {"SplunkBusy": 1}


async def test_stray_bytes_do_not_hold_up_a_finding(world: World) -> None:
    """Security Hub's answer is read without looking into what is not read."""
    from posture.store.records import Read  # noqa: PLC0415 - one test writes a page by hand
    from tests.support.rows import key  # noqa: PLC0415

    async with world.running():
        text = b'{"Id": "x", "Description": "\xff"}'
        world.hub.store.write([Read([finding()], 5, wholes={key(finding()): text})])
        world.hub.change()
        await world.all_sent()
    assert (
        json.loads(json.dumps(world.collector.events[0]["event"]))["Description"]
        == "\N{REPLACEMENT CHARACTER}"
    )
