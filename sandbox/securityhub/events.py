"""What Security Hub tells EventBridge: an event for each change of a finding, and how events go astray.

Events are told once somebody asks for them (`Events.tell`), from then on, in the order of the changes. On
their way some come twice, some in another order, some not at all; they wait in `Events.take` for whoever
brings them to a queue, as a rule of EventBridge would (`Delivery`: SQS, by HTTP).
"""

import asyncio
import json
import logging
import uuid
from collections import deque
from random import Random
from typing import Any

import aiohttp
import msgspec

from sandbox.securityhub.asff import decode
from sandbox.securityhub.clock import Clock

logger = logging.getLogger(__name__)

_BATCH = 10
_MOST_BYTES = 1_000_000


class EventsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Tell events to the bus of an account and Region, from now on; or (`account` None) no more.

    `duplicate`, `drop`: probabilities, of each. `shuffle`: how many of them may come in any order. `url`: of
    SQS, where each is put into `queue` at once, signed with `access_key`; None: they wait to be taken.
    """

    account: str | None = None
    region: str = "us-east-1"
    duplicate: float = 0.0
    drop: float = 0.0
    shuffle: int = 1
    url: str | None = None
    queue: str = ""
    access_key: str = ""


class Events:
    """The events of one hub that are on their way."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._asked = EventsRequest()
        self._waiting: deque[str] = deque()
        self.news = asyncio.Event()

    @property
    def asked(self) -> EventsRequest:
        """What was asked for last."""
        return self._asked

    def tell(self, asked: EventsRequest) -> None:
        """Tell events from now on; those that are on their way are forgotten."""
        self._asked = asked
        self._waiting.clear()

    def changed(self, body: bytes) -> None:
        """Tell of a finding as it is now."""
        finding = decode(body) if self._asked.account is not None else None
        if finding is None or self._random.random() < self._asked.drop:
            return
        event = json.dumps(self._event(finding))
        self._put(event)
        if self._random.random() < self._asked.duplicate:
            self._put(event)
        self.news.set()

    def take(self) -> list[str]:
        """Return what has arrived, in the order in which it did."""
        arrived = list(self._waiting)
        self._waiting.clear()
        self.news.clear()
        return arrived

    def _put(self, event: str) -> None:
        back = min(len(self._waiting), self._random.randrange(max(1, self._asked.shuffle)))
        self._waiting.insert(len(self._waiting) - back, event)

    def _event(self, finding: dict[str, Any]) -> dict[str, Any]:
        """Return the event of a finding; its time is in whole seconds, as EventBridge's are."""
        return {
            "version": "0",
            "id": str(uuid.UUID(int=self._random.getrandbits(128))),
            "detail-type": "Security Hub Findings - Imported",
            "source": "aws.securityhub",
            "account": self._asked.account,
            "time": f"{self._clock.timestamp()[:19]}Z",
            "region": self._asked.region,
            "resources": [f"{finding.get('ProductArn')}/{finding.get('Id')}"],
            "detail": {"findings": [finding]},
        }


async def deliver(events: Events) -> None:
    """Bring events to the queue that is asked for, until cancelled."""
    async with aiohttp.ClientSession() as session:
        while True:
            await events.news.wait()
            asked = events.asked
            if asked.url is None:
                events.news.clear()
                continue
            for batch in _batches(events.take()):
                await _send(session, asked, batch)


def _batches(arrived: list[str]) -> list[list[str]]:
    batches: list[list[str]] = [[]]
    for event in arrived:
        if len(batches[-1]) == _BATCH or sum(map(len, batches[-1])) + len(event) > _MOST_BYTES:
            batches.append([])
        batches[-1].append(event)
    return [batch for batch in batches if batch]


async def _send(session: aiohttp.ClientSession, asked: EventsRequest, batch: list[str]) -> None:
    scope = f"Credential={asked.access_key}/20260101/{asked.region}/sqs/aws4_request"
    headers = {
        "X-Amz-Target": "AmazonSQS.SendMessageBatch",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none",
    }
    entries = [{"Id": str(number), "MessageBody": event} for number, event in enumerate(batch)]
    body = {"QueueUrl": asked.queue, "Entries": entries}
    async with session.post(asked.url or "", data=json.dumps(body), headers=headers) as answer:
        said = await answer.text()
        if answer.status >= 300:
            # EventBridge would try again for a day; nobody here waits for that.
            logger.warning("events could not be put into %s: %s %s", asked.queue, answer.status, said)
