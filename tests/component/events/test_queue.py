"""The queue of SQS as it answers, and as it refuses."""

import pytest

from posture.aws.client.errors import AccessDenied, AwsError, MalformedResponse, Terminal
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.sqs.client import QueueClient
from sandbox.cloud import Cloud
from tests.support.events import READER, Sqs
from tests.support.hubs.world import REGION


async def test_messages_are_received_and_deleted(queue: QueueClient, sqs: Sqs) -> None:
    assert (await queue.check())["QueueArn"] == f"arn:aws:sqs:{REGION}:111122223333:{sqs.name}"
    assert await queue.receive(0) == []
    sqs.put(*(f"body {number}" for number in range(12)))
    first = await queue.receive()
    rest = await queue.receive()
    assert {each.body for each in (*first, *rest)} == {f"body {number}" for number in range(12)}
    assert all(each.sent_at is not None for each in first)
    assert await queue.delete(first) == []
    assert await queue.delete(rest) == []
    assert sqs.left() == 0


async def test_what_is_not_deleted_is_told(queue: QueueClient, sqs: Sqs) -> None:
    sqs.put("one", "two")
    known = await queue.receive()
    assert len(known) == 2
    wrong = known[0]._replace(receipt="no such receipt")
    left = await queue.delete([wrong, *known[1:]])
    assert [each.message for each in left] == [wrong]
    assert "ReceiptHandleIsInvalid" in str(left[0].error)
    assert sqs.left() == 1


async def test_a_queue_in_another_region_is_asked_there(sessions: Sessions, sqs: Sqs) -> None:
    queue = QueueClient(sessions, Identity(READER, None, "us-east-1"), sqs.url, Limiters(1.0), Usage())
    assert (await queue.check())["QueueArn"].split(":")[3] == REGION


async def test_a_queue_that_is_another_than_its_url_says_is_refused(sessions: Sessions, sqs: Sqs) -> None:
    url = sqs.url.replace("111122223333", "444455556666")
    with pytest.raises(Terminal, match="and not arn:aws:sqs:eu-west-1:444455556666"):
        await QueueClient(sessions, Identity(READER, None, REGION), url, Limiters(1.0), Usage()).check()


@pytest.mark.parametrize(
    ("rule", "kind", "advice"),
    [
        ({"code": "AccessDenied", "status": 403}, AccessDenied, "Allow sqs:ReceiveMessage"),
        ({"code": "KMS.AccessDeniedException"}, AccessDenied, "kms:Decrypt"),
        ({"code": "OverLimit", "status": 403}, AwsError, "Security Hub's alone"),
        ({"answer": "truncated"}, AwsError, "sqs:ReceiveMessage"),
        ({"answer": "html"}, MalformedResponse, "proxy"),
    ],
)
async def test_a_refusal_says_what_to_do(
    queue: QueueClient, cloud: Cloud, sqs: Sqs, rule: dict[str, object], kind: type[AwsError], advice: str
) -> None:
    sqs.put("one")
    cloud.meddle("fault", service="sqs", operation="ReceiveMessage", role="*", **rule)
    with pytest.raises(kind, match=advice):
        await queue.receive(0)


async def test_a_queue_that_is_gone_says_so(queue: QueueClient, sqs: Sqs) -> None:
    sqs.delete()
    with pytest.raises(Terminal, match="queueUrl"):
        await queue.check()
    with pytest.raises(Terminal, match="queueUrl"):
        await queue.receive(0)
