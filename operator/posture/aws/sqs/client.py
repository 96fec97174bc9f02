"""One queue of SQS as one identity sees it: messages are received, and deleted once they are dealt with.

The queue's URL names its Region, and that is where calls go: to the endpoint of SQS there, never to the host
that the URL names.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError, Terminal
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.responses import DECODED
from posture.aws.client.sessions import READ_TIMEOUT, Identity, Sessions
from posture.domain.arns import queue_of_url

_SERVICE = "sqs"
BATCH = 10
"""Messages that one call gives, or deletes, at most (API reference)."""
LONG_POLL = 20
"""Seconds that SQS waits for a message at most (API reference, WaitTimeSeconds): less than a client waits."""
assert LONG_POLL < READ_TIMEOUT  # noqa: S101 - else each answer without a message would be a time-out
_MILLISECOND = 1_000


class QueueMessage(NamedTuple):
    """A message: what it is deleted by, what it says, and when the queue got it (µs; None where unsaid)."""

    id: str
    receipt: str
    body: str
    sent_at: int | None


class NotDeleted(NamedTuple):
    """A message that SQS did not delete: it comes again."""

    message: QueueMessage
    error: AwsError


class _SystemAttributes(msgspec.Struct, gc=False, rename="pascal"):
    sent_timestamp: str = ""


class _Message(msgspec.Struct, gc=False, rename="pascal"):
    message_id: str
    receipt_handle: str
    body: str = ""
    attributes: _SystemAttributes = msgspec.field(default_factory=_SystemAttributes)


class _Answer(msgspec.Struct, gc=False, rename="pascal"):
    messages: list[_Message] = []


_answer = msgspec.json.Decoder(_Answer)


class QueueClient:
    """A queue for one identity. Every method raises AwsError."""

    def __init__(
        self, sessions: Sessions, identity: Identity, url: str, limiters: Limiters, usage: Usage
    ) -> None:
        """Make a client of the queue at `url` (ValueError where that is none), in that queue's Region."""
        self.url = url
        self.named = queue_of_url(url)
        sessions.decode(_SERVICE, "ReceiveMessage", decode_messages)
        there = identity._replace(region=self.named.region)
        self._calls = Calls(sessions, there, limiters, usage, service=_SERVICE)

    async def check(self) -> Mapping[str, str]:
        """Return the queue's attributes. Raises Terminal where it is another one than the URL names."""
        parameters = {"QueueUrl": self.url, "AttributeNames": ["All"]}
        answer = await self._calls.call("GetQueueAttributes", parameters)
        attributes: Mapping[str, str] = answer.body.get("Attributes") or {}
        arn = attributes.get("QueueArn")
        if arn != self.named.arn:
            raise Terminal(
                f"{self.url} is the queue {arn}, and not {self.named.arn}, which is what was granted",
                service=_SERVICE,
                operation="GetQueueAttributes",
                code="AnotherQueue",
                advice="Write the URL of the queue in spec.aws.events.queueUrl as SQS gives it",
            )
        return attributes

    async def receive(self, wait: int = LONG_POLL) -> list[QueueMessage]:
        """Receive up to 10 messages; `wait`: seconds, up to `LONG_POLL`, for the first one to come."""
        parameters = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": BATCH,
            "WaitTimeSeconds": wait,
            "MessageSystemAttributeNames": ["SentTimestamp"],
        }
        answer = await self._calls.call("ReceiveMessage", parameters)
        messages: list[QueueMessage] = answer.body[DECODED]
        return messages

    async def delete(self, messages: Sequence[QueueMessage]) -> list[NotDeleted]:
        """Delete up to 10 messages, and return those that SQS did not."""
        by_number = {str(number): each for number, each in enumerate(messages)}
        entries = [{"Id": number, "ReceiptHandle": each.receipt} for number, each in by_number.items()]
        parameters = {"QueueUrl": self.url, "Entries": entries}
        answer = await self._calls.call("DeleteMessageBatch", parameters)
        deleted = {str(each.get("Id")) for each in answer.body.get("Successful") or ()}
        failed = {str(each.get("Id")): each for each in answer.body.get("Failed") or ()}
        return [
            NotDeleted(message, self._refused(failed.get(number) or {}))
            for number, message in by_number.items()
            if number in failed or number not in deleted
        ]

    def _refused(self, entry: Mapping[str, Any]) -> AwsError:
        code = str(entry.get("Code") or "NotReported")
        said = str(entry.get("Message") or "SQS's answer names the message neither as deleted nor as failed")
        return self._calls.refused_entry("DeleteMessageBatch", code, said)


def decode_messages(body: bytes) -> list[QueueMessage]:
    """Decode the answer of ReceiveMessage; ValueError where it is none. Without messages it is an object."""
    try:
        found: Iterable[_Message] = _answer.decode(body).messages
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # Half of a surrogate pair is no Unicode: the message that has it is not to hide the others.
        found = msgspec.convert(json.loads(body), _Answer).messages
    return [
        QueueMessage(each.message_id, each.receipt_handle, each.body, _moment(each.attributes.sent_timestamp))
        for each in found
    ]


def _moment(text: str) -> int | None:
    """Return a moment that is given in milliseconds, in µs."""
    return int(text) * _MILLISECOND if text.isascii() and text.isdigit() else None
