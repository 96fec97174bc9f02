"""Controls that policies turn off, as outputs are told of them: once each, until they are on again."""

from pathlib import Path

import msgspec

from posture.domain.outbox import ChangeKind, EventKind
from posture.domain.scoring.evaluation import TurnedOff
from posture.suppression.controls.telling import tell_switches
from tests.support.outboxes import StoredHub, outlet

HERE = TurnedOff("fsbp/v/1.0.0", "S3.11", "111122223333", "eu-west-1")
THERE = HERE._replace(account_id="444455556666")
TARGETS = {"security/quiet": "security/organization"}


async def test_a_switch_is_told_once_and_so_is_its_end_though_the_process_died(tmp_path: Path) -> None:
    hub = StoredHub(tmp_path / "hub.sqlite")
    hub.follow(outlet())
    await tell_switches(hub, {"security/quiet": [HERE, THERE], "other/x": [HERE]}, TARGETS, 5)
    await tell_switches(hub, {"security/quiet": [THERE, HERE]}, TARGETS, 6)
    hub.kill()
    await tell_switches(hub, {"security/quiet": [THERE]}, TARGETS, 7)
    events = hub.store.outbox.first("soc", 1 << 20)
    bodies = [msgspec.json.decode(each.body) for each in events]
    assert [(each.change, each.at, each.kind, each.audience) for each in events] == [
        (ChangeKind.NEW, 5, EventKind.EXCEPTION, "security/organization"),
        (ChangeKind.NEW, 5, EventKind.EXCEPTION, "security/organization"),
        (ChangeKind.GONE, 7, EventKind.EXCEPTION, "security/organization"),
    ]
    assert [(each["state"], each["accountId"]) for each in bodies] == [
        ("TurnedOff", "111122223333"),
        ("TurnedOff", "444455556666"),
        ("Ended", "111122223333"),
    ]
    hub.kill()
