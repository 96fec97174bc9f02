"""Whatever dies or breaks off: each change of a finding arrives, in order, repeats under the same id."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Compliance
from posture.domain.outbox import ChangeKind, OutboxEvent
from posture.kube.leadership import Leading
from posture.publish.outbox import EventRefused, OutboxSender, TakenEvents
from posture.publish.sending import ItemsRefused, QueueBounds, Undelivered
from posture.publish.sink import OutboxHub
from tests.support.examples import examples
from tests.support.outboxes import HUB, StoredHub, outlet
from tests.support.rows import finding, key

Write: TypeAlias = tuple[Literal["write"], int, Compliance, bool]
Step: TypeAlias = (
    Write | tuple[Literal["remove"], int] | tuple[Literal["send"], int] | tuple[Literal["kill"], bool]
)
_numbers = st.integers(0, 2)
_steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"), _numbers, st.sampled_from([Compliance.FAILED, Compliance.PASSED]), st.booleans()
        ),
        st.tuples(st.just("remove"), _numbers),
        st.tuples(st.just("send"), st.integers(0, 4)),
        st.tuples(st.just("kill"), st.booleans()),
    ),
    max_size=25,
)
_fates = st.lists(
    st.sampled_from(["taken", "first", "lost before", "lost after", "too large", "killed", "killed after"]),
    max_size=20,
)


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Destination:
    """Takes what it is sent, unless fate has it otherwise; `arrived`: all that it took, repeats too."""

    fates: list[str]
    arrived: list[OutboxEvent] = field(default_factory=list)
    calls: int = 0

    async def deliver(self, _: OutboxHub, events: Sequence[OutboxEvent], __: Leading) -> TakenEvents:
        self.calls += 1
        await asyncio.sleep(0)
        fate = self.fates.pop() if self.fates else "taken"
        if fate == "lost before":
            raise Undelivered("SplunkBusy", "gone")
        if fate == "too large" and len(events) > 1:
            raise ItemsRefused("InvalidRequest", "less, please")
        if fate == "killed":
            raise Killed
        taken = events[:1] if fate == "first" else events
        self.arrived += taken
        if fate == "lost after":
            raise Undelivered("SplunkBusy", "gone")
        if fate == "killed after":
            raise Killed
        return TakenEvents(len(taken))


@dataclass
class Truth:
    """What was so of each finding, and what is to be told of it, worked out by itself."""

    known: dict[int, tuple[Compliance, bool]] = field(default_factory=dict)
    told: list[tuple[int, ChangeKind, Compliance, bool]] = field(default_factory=list)

    def write(self, number: int, compliance: Compliance, note: bool) -> None:
        before = self.known.get(number)
        if before != (compliance, note):
            self.told.append((number, ChangeKind.CHANGED if before else ChangeKind.NEW, compliance, note))
        self.known[number] = compliance, note

    def remove(self, number: int) -> None:
        if number in self.known:
            self.told.append((number, ChangeKind.GONE, *self.known.pop(number)))


async def play(path: Path, steps: Sequence[Step], fates: list[str]) -> None:
    hub, destination, truth = StoredHub(path), Destination(fates), Truth()
    hub.follow(outlet())

    def sender() -> OutboxSender:
        made = OutboxSender(
            outlet(), QueueBounds(1000, 3600), size=150, deliver=destination.deliver, sees=lambda *_: True
        )
        made.connect({HUB: hub})
        return made

    sending = sender()
    for step in [*steps, ("send", 1000)]:
        match step:
            case ("write", int(number), Compliance() as compliance, bool(note)):
                truth.write(number, compliance, note)
                now = hub.time + 1
                hub.write(finding(number, compliance=compliance, updated_at=now), Description=str(note))
            case ("remove", int(number)):
                truth.remove(number)
                hub.time += 1_000_000
                hub.store.remove([key(finding(number))], asked_at=hub.time)
            case ("kill", _):
                hub.kill()
                sending = sender()
            case ("send", int(times)):
                while times and hub.store.outbox.waiting("soc").events:
                    times -= 1
                    try:
                        await sending._step(HUB)
                    except Killed:
                        hub.kill()
                        sending = sender()
    distinct = {each.id: each for each in reversed(destination.arrived)}
    first = list(dict.fromkeys(each.id for each in destination.arrived))
    arrived = [_read(distinct[each]) for each in first]
    hub.kill()
    assert arrived == truth.told
    assert sorted(each.number for each in distinct.values()) == [distinct[each].number for each in first]


def _read(event: OutboxEvent) -> tuple[int, ChangeKind, Compliance, bool]:
    body: dict[str, Any] = msgspec.json.decode(event.body)
    number = int(body["Id"].rpartition("/")[2])
    return number, event.change, Compliance[body["Compliance"]["Status"]], body["Description"] == "True"


@examples(60)
@given(_steps, _fates)
def test_each_change_arrives_in_order_whatever_dies(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], fates: list[str]
) -> None:
    asyncio.run(play(tmp_path_factory.mktemp("outbox") / "hub.sqlite", steps, fates))


async def test_an_event_that_is_refused_is_the_only_one_that_does_not_arrive(tmp_path: Path) -> None:
    hub, arrived = StoredHub(tmp_path / "hub.sqlite"), list[int]()
    hub.follow(outlet())
    hub.write(*(finding(number) for number in range(9)))
    numbers = [each.number for each in hub.store.outbox.first("soc", 1 << 20)]

    async def deliver(_: OutboxHub, events: Sequence[OutboxEvent], __: Leading) -> TakenEvents:
        for place, each in enumerate(events):
            if each.number in {numbers[0], numbers[4], numbers[5]}:
                raise EventRefused("InvalidRequest", "unreadable", place, before=True)
            arrived.append(each.number)
        return TakenEvents(len(events))

    sending = OutboxSender(
        outlet(), QueueBounds(1000, 3600), size=1 << 20, deliver=deliver, sees=lambda *_: True
    )
    sending.connect({HUB: hub})
    while hub.store.outbox.waiting("soc").events:
        assert await sending._step(HUB) == 0.0
    assert arrived == [numbers[place] for place in (1, 2, 3, 6, 7, 8)]
    assert sending.dropped == 3
