"""What a target says of the queue that it names."""

from typing import Any, NamedTuple, cast

import pytest

from posture.api.conditions import ConditionStatus
from posture.api.targets.status import LISTENING, PostureTargetStatus
from posture.aws.client.errors import AccessDenied
from posture.config.model import Config
from posture.domain.time import datetime_of
from posture.hubs.hub import Hub
from posture.hubs.listening import ListeningStatus
from posture.hubs.status import HubStatus
from posture.reconcile.access import Admitted, NotAdmitted, admit
from posture.targets.conditions import Message
from posture.targets.listening import listened, with_listening

ROLE = "arn:aws:iam::111122223333:role/posture-reader"
URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/posture-1"
QUEUES = ["arn:aws:sqs:*:111122223333:posture-*"]
DENIED = AccessDenied("no", service="sqs", operation="ReceiveMessage", code="AccessDenied", advice="Allow it")
NOW = datetime_of(1_800_000_000_000_000)


class OnPaper(NamedTuple):
    """As much of a hub as the condition follows from."""

    status: HubStatus


def admitted(url: str | None = URL, **spec: Any) -> Admitted | NotAdmitted:
    grant = {
        "namespaces": ["ns"],
        "roleArns": [ROLE],
        "accounts": ["*"],
        "verbs": ["Score"],
        "queues": QUEUES,
    }
    aws = {"region": "eu-west-1", "roleArn": ROLE, **({} if url is None else {"events": {"queueUrl": url}})}
    source = {"securityStandards": {"standards": ["a/v/1"]}}
    document = {
        "metadata": {"name": "t", "namespace": "ns", "uid": "u"},
        "spec": {"aws": aws, "source": source, **spec},
    }
    return admit(document, Config.model_validate({"grants": [grant]}))


def said(admission: Admitted | NotAdmitted, **status: Any) -> Message | None:
    return listened(admission, cast("Hub", OnPaper(HubStatus(**status))))


FOREIGN = ListeningStatus(URL, answers=True, foreign=True)


def test_who_names_no_queue_says_nothing() -> None:
    assert said(admitted(None)) is None
    assert said(admitted(None), listening=ListeningStatus(URL, error=DENIED)) is None


@pytest.mark.parametrize(
    ("spec", "status", "expected", "reason"),
    [
        ({"suspend": True}, {"listening": ListeningStatus(URL, answers=True)}, "UNKNOWN", "Suspended"),
        ({}, {}, "UNKNOWN", "Connecting"),
        ({}, {"listening": ListeningStatus(URL, answers=True)}, "UNKNOWN", "Syncing"),
        ({}, {"listening": ListeningStatus(URL, answers=True), "exact_at": 1}, "TRUE", "QueueAnswers"),
        ({}, {"listening": ListeningStatus(URL, error=DENIED), "exact_at": 1}, "FALSE", "QueueUnavailable"),
        ({}, {"listening": FOREIGN, "exact_at": 1}, "FALSE", "OnlyForeign"),
    ],
)
def test_what_is_said(spec: dict[str, Any], status: dict[str, Any], expected: str, reason: str) -> None:
    message = said(admitted(**spec), **status)
    assert message is not None
    assert (message.status, message.reason) == (ConditionStatus[expected], reason)


def test_a_queue_that_cannot_be_used_says_what_to_do_and_that_nothing_else_suffers() -> None:
    message = said(admitted(), listening=ListeningStatus(URL, error=DENIED))
    assert message is not None
    assert "Allow it" in message.message
    assert "polls go on" in message.message


def test_a_queue_that_is_not_granted_is_refused() -> None:
    refused = admitted(URL.replace("posture-1", "orders"))
    assert isinstance(refused, NotAdmitted)
    message = said(refused)
    assert message is not None
    assert (message.status, message.reason) == (ConditionStatus.FALSE, "NotGranted")
    assert '"queues": ["arn:aws:sqs:eu-west-1:111122223333:orders"]' in message.message


def test_the_condition_goes_with_the_queue() -> None:
    message = Message(ConditionStatus.TRUE, "QueueAnswers", "m")
    told = with_listening(PostureTargetStatus(), message, NOW)
    assert [each.type for each in told.conditions] == [LISTENING]
    assert with_listening(told, message, NOW) is told
    assert with_listening(told, None, NOW).conditions == ()
