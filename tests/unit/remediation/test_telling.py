"""What outputs are told of remediations: each state once, as far as it can be read."""

import asyncio
import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from posture.api.remediation import Remediation
from posture.domain.outbox import EventKind, StatedChange
from posture.domain.time import parse_timestamp
from posture.hubs.hub import Hub
from posture.kube.resources import Object
from posture.remediation.telling import RemediationTelling, statement_of
from tests.support.api.objects import minimal, whole

NOW = parse_timestamp("2026-11-30T12:00:00Z")


def entry(state: str = "Succeeded", version: str = "1", uid: str = "u", **status: Any) -> Object:
    """A remediation in a state; an empty one: of which nobody has said any."""
    document = whole(Remediation, minimal(Remediation))
    document["metadata"] |= {"uid": uid, "resourceVersion": version}
    condition: dict[str, Any] = {"type": "Complete", "status": "True", "reason": state, "message": "It is."}
    condition |= {"lastTransitionTime": "2026-11-30T11:00:00Z", "observedGeneration": 1}
    document["status"] = {"conditions": [condition] if state else [], **status}
    return document


class Outbox:
    """Stands for a hub whose store is open, or is not."""

    def __init__(self) -> None:
        self.is_open = True
        self.stated: list[Sequence[StatedChange]] = []

    async def look(self, ask: Callable[[Any], int]) -> int | None:
        return ask(SimpleNamespace(outbox=self)) if self.is_open else None

    def state(self, statements: Sequence[StatedChange], now: int) -> int:
        assert now == NOW
        self.stated.append(statements)
        return len(statements)


def told(outbox: Outbox, *listings: list[Object]) -> list[list[str]]:
    """Tell of these listings, one after the other; gives the states that were told of each."""
    telling = RemediationTelling(cast("Hub", outbox))
    for each in listings:
        asyncio.run(telling.tell(each, NOW))
    return [[json.loads(one.body)["state"] for one in each] for each in outbox.stated]


def test_each_state_is_told_when_it_is_seen_and_nothing_while_nothing_changes() -> None:
    running, done = entry("Running", "1"), entry("Succeeded", "2")
    other = entry("Skipped", "7", uid="v")
    found = told(Outbox(), [running], [running], [done, other], [done, other], [done])
    assert found == [["Running"], ["Succeeded", "Skipped"], []]


def test_what_could_not_be_stored_is_told_when_it_can() -> None:
    outbox = Outbox()
    telling = RemediationTelling(cast("Hub", outbox))
    outbox.is_open = False
    asyncio.run(telling.tell([entry()], NOW))
    assert outbox.stated == []
    outbox.is_open = True
    asyncio.run(telling.tell([entry()], NOW))
    assert [len(each) for each in outbox.stated] == [1]


def test_what_cannot_be_read_or_has_no_state_yet_is_not_told() -> None:
    unreadable = entry()
    del unreadable["spec"]["resource"]
    assert statement_of(unreadable, NOW) is None
    assert statement_of(entry(""), NOW) is None


def test_it_says_what_was_done_to_what_and_when() -> None:
    document = entry(startedAt="2026-11-30T10:59:00Z", finishedAt="2026-11-30T11:00:00Z")
    spec = document["spec"]
    found = statement_of(document, NOW)
    assert found is not None
    assert found.kind is EventKind.REMEDIATION
    assert found.subject == "remediation\nu"
    assert found.audience == f"{document['metadata']['namespace']}/{spec['targetRef']['name']}"
    assert found.at == parse_timestamp("2026-11-30T11:00:00Z")
    said = json.loads(found.body)
    assert said["rule"] == spec["ruleRef"]["name"]
    assert said["resourceId"] == spec["resource"]["id"]
    assert said["accountId"] == spec["resource"]["accountId"]
    assert said["action"] == spec["action"]["builtin"]["name"]
    assert said["finishedAt"].startswith("2026-11-30T11:00:00")
    assert said["undo"] is False
    assert "approvedBy" not in said


def test_without_a_time_of_its_own_it_is_as_of_now() -> None:
    found = statement_of(entry("AwaitingApproval"), NOW)
    assert found is not None
    assert found.at == NOW
