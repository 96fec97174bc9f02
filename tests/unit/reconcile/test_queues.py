"""Which queue belongs to which hub: an older target decides, and what is refused takes nothing."""

from typing import Any

import pytest

from posture.config.model import Config
from posture.reconcile.access import NotAdmitted, admit_all
from posture.reconcile.scope import demand_of

ACCOUNT = "111122223333"
READER, OTHER = (f"arn:aws:iam::{ACCOUNT}:role/posture-{name}" for name in ("reader", "other"))
CONFIG = Config.model_validate(
    {
        "grants": [
            {
                "namespaces": ["*"],
                "roleArns": [READER, OTHER],
                "accounts": ["*"],
                "verbs": ["Score"],
                "queues": [f"arn:aws:sqs:eu-west-1:{ACCOUNT}:posture-*"],
            }
        ]
    }
)


def url(queue: str) -> str:
    return f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{queue}"


def target(day: int, queue: str | None, role: str = READER) -> dict[str, Any]:
    aws: dict[str, Any] = {"region": "eu-west-1", "roleArn": role}
    if queue is not None:
        aws["events"] = {"queueUrl": url(queue)}
    return {
        "metadata": {
            "name": f"t-{day}",
            "namespace": f"team-{day}",
            "uid": f"u-{day}",
            "creationTimestamp": f"2026-11-{day:02}T00:00:00Z",
        },
        "spec": {"aws": aws, "source": {"securityStandards": {"standards": ["*"]}}},
    }


def refused(*targets: dict[str, Any]) -> list[str]:
    """The reasons, in the order of the targets; empty where one is admitted."""
    return [
        each.trouble.reason if isinstance(each, NotAdmitted) else "" for each in admit_all(targets, CONFIG)
    ]


@pytest.mark.parametrize(
    ("targets", "reasons"),
    [
        ([target(1, "posture-a"), target(2, "posture-a"), target(3, None)], ["", "", ""]),
        ([target(2, "posture-a"), target(1, "posture-b")], ["QueueConflict", ""]),
        ([target(1, "posture-a"), target(2, "posture-a", OTHER)], ["", "QueueConflict"]),
        ([target(1, "posture-a"), target(2, "posture-b", OTHER)], ["", ""]),
        ([target(1, "orders")], ["NotGranted"]),
        # Neither is a queue taken by who may not have it, nor a hub by who names another one's queue.
        ([target(1, "orders"), target(2, "posture-a")], ["NotGranted", ""]),
        (
            [target(1, "posture-a"), target(2, "posture-a", OTHER), target(3, "posture-b", OTHER)],
            ["", "QueueConflict", ""],
        ),
        (
            [target(1, "posture-a"), target(2, "posture-b"), target(3, "posture-b", OTHER)],
            ["", "QueueConflict", ""],
        ),
    ],
)
def test_the_older_one_decides(targets: list[dict[str, Any]], reasons: list[str]) -> None:
    assert refused(*targets) == reasons


def test_nobody_is_told_whose_the_other_target_is() -> None:
    admitted = admit_all([target(1, "posture-a"), target(2, "posture-b")], CONFIG)
    assert isinstance(admitted[1], NotAdmitted)
    assert "team-1" not in admitted[1].trouble.message
    assert "posture-a" not in admitted[1].trouble.message


def test_what_is_admitted_asks_its_hub_for_the_queue() -> None:
    (admitted,) = admit_all([target(1, "posture-a")], CONFIG)
    assert not isinstance(admitted, NotAdmitted)
    assert demand_of(admitted).queue == url("posture-a")
