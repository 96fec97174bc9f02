"""The answer of ReceiveMessage, decoded."""

import json

import pytest

from posture.aws.sqs.client import LONG_POLL, QueueMessage, decode_messages


def test_messages_are_read_with_when_they_were_sent() -> None:
    answer = {
        "Messages": [
            {
                "MessageId": "a",
                "ReceiptHandle": "r",
                "Body": '{"x": "\\ud83d\\ude00"}',
                "Attributes": {"SentTimestamp": "1796054110866"},
                "MD5OfBody": "m",
            },
            {"MessageId": "b", "ReceiptHandle": "s"},
        ]
    }
    assert decode_messages(json.dumps(answer).encode()) == [
        QueueMessage("a", "r", '{"x": "\\ud83d\\ude00"}', 1_796_054_110_866_000),
        QueueMessage("b", "s", "", None),
    ]


def test_no_messages_are_none() -> None:
    assert decode_messages(b"{}") == []


def test_one_that_is_no_unicode_does_not_hide_the_others() -> None:
    body = b'{"Messages": [{"MessageId": "a", "ReceiptHandle": "r", "Body": "\\ud800"},'
    body += b' {"MessageId": "b", "ReceiptHandle": "s", "Body": "{}"}]}'
    assert [each.id for each in decode_messages(body)] == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html></html>", b"[]", b'{"Messages": null}', b'{"Messages": [{}]}', b'{"Messages": [{"MessageI'],
)
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_messages(body)


def test_a_client_waits_longer_than_the_queue_does() -> None:
    assert LONG_POLL == 20
