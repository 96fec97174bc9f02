"""A delay goes on over restarts, and begins anew with whatever broke in: longer, never shorter."""

from pathlib import Path

import pytest

from posture.aws.client.errors import AccessDenied
from posture.domain.findings import Compliance, Finding, Workflow
from posture.domain.remediation.history import FieldChange, HistoryRecord
from posture.domain.time import DAY, HOUR, MINUTE, text_of
from posture.store.records import Read
from tests.support.hub_on_paper import policy
from tests.support.policies import NOW
from tests.support.rules_on_paper import RuleScene, of_user, rule

RULE = rule(delay="3h")


def changed(at: int, field: str, before: str, after: str) -> HistoryRecord:
    return HistoryRecord(at, created=False, fields=(FieldChange(field, before, after),))


def reopened(at: int) -> list[HistoryRecord]:
    return [
        changed(at, "Workflow.Status", "SUPPRESSED", "NEW"),
        changed(at - MINUTE, "Workflow.Status", "NEW", "SUPPRESSED"),
    ]


def due(scene: RuleScene) -> str:
    assert scene.totals() == {"Delayed": 1}
    return str(scene.status()["plan"][0]["message"])


def read(scene: RuleScene, copy: Finding) -> None:
    scene.hub.findings._note(scene.hub.store.write([Read([copy], scene.hub.now())]))


async def watched(scene: RuleScene) -> None:
    """Let the operator run for two hours."""
    for hours in range(3):
        await scene.later(hours * HOUR)
    assert text_of(NOW + 3 * HOUR) in due(scene)
    assert scene.cloud.asked == [], "everything was seen"


async def test_a_restart_does_not_restart_it(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    scene.restart()
    await scene.later(3 * HOUR - 1)
    assert scene.totals() == {"Delayed": 1}
    await scene.later(3 * HOUR)
    assert scene.totals() == {"Planned": 1}
    assert scene.cloud.asked == [of_user().id]
    await scene.later(3 * HOUR + MINUTE)
    assert scene.totals() == {"Planned": 1}
    assert len(scene.cloud.asked) == 1, "as long as it is watched an answer is good"


@pytest.mark.parametrize(
    "change",
    [
        reopened(NOW + 2 * HOUR + 5 * MINUTE),
        [changed(NOW + 2 * HOUR + 5 * MINUTE, "Compliance.Status", "PASSED", "FAILED")],
        [changed(NOW + 2 * HOUR + 5 * MINUTE, "RecordState", "ARCHIVED", "ACTIVE")],
    ],
)
async def test_what_happened_while_nobody_watched_restarts_it(
    tmp_path: Path, change: list[HistoryRecord]
) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    scene.cloud.told[of_user().id] = change
    scene.restart()
    await scene.later(3 * HOUR)
    assert text_of(NOW + 5 * HOUR + 5 * MINUTE) in due(scene)
    # What was found out is kept, also when the history does not reach back so far any more.
    scene.cloud.told.clear()
    scene.restart()
    await scene.later(4 * HOUR)
    await scene.later(5 * HOUR)
    await scene.later(5 * HOUR + 4 * MINUTE)
    assert scene.totals() == {"Delayed": 1}
    await scene.later(5 * HOUR + 5 * MINUTE)
    assert scene.totals() == {"Planned": 1}


async def test_a_reopening_that_was_waited_for_already_changes_nothing(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    scene.cloud.told[of_user().id] = reopened(NOW - 5 * HOUR)
    await watched(scene)
    scene.restart()
    await scene.later(3 * HOUR)
    assert scene.totals() == {"Planned": 1}


async def test_where_histories_are_denied_it_begins_with_the_restart(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    scene.cloud.error = AccessDenied("no", service="securityhub", operation="GetFindingHistory", code="no")
    scene.restart()
    for hours in (3, 4, 5):
        await scene.later(hours * HOUR)
        assert text_of(NOW + 6 * HOUR) in due(scene)
    await scene.later(6 * HOUR)
    assert scene.totals() == {"Planned": 1}


async def test_a_young_finding_whose_creation_no_history_tells_waits(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user(created_at=NOW - DAY)], RULE)
    await watched(scene)
    scene.restart()
    await scene.later(3 * HOUR)
    assert text_of(NOW + 6 * HOUR) in due(scene)


async def test_a_lost_store_begins_anew(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    (tmp_path / "new").mkdir()
    ahead = scene.hub.ahead
    scene = RuleScene(tmp_path / "new", [of_user()], RULE)
    await scene.later(ahead)
    assert text_of(NOW + 5 * HOUR) in due(scene)
    assert scene.cloud.asked == []


async def test_after_a_long_outage_it_begins_anew(tmp_path: Path) -> None:
    """Policies may have come and gone, of which no history tells."""
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    await scene.later(3 * HOUR + 1)
    assert text_of(NOW + 6 * HOUR) in due(scene)


async def test_suppressing_and_reopening_restart_it_where_that_is_seen(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    read(scene, of_user(workflow=Workflow.SUPPRESSED))
    await scene.later(2 * HOUR + MINUTE)
    assert scene.totals() == {"Suppressed": 1}
    read(scene, of_user())
    await scene.later(2 * HOUR + 2 * MINUTE)
    assert text_of(NOW + 5 * HOUR + 2 * MINUTE) in due(scene)


async def test_a_turn_between_two_looks_restarts_it(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    read(scene, of_user(compliance=Compliance.PASSED, updated_at=NOW + 2 * HOUR + 1))
    read(scene, of_user(updated_at=NOW + 2 * HOUR + MINUTE))
    await scene.later(2 * HOUR + 2 * MINUTE)
    assert text_of(NOW + 5 * HOUR + MINUTE) in due(scene)


async def test_what_security_hub_cannot_tell_of_does_not_pass_a_delay(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user(compliance=Compliance.WARNING)], RULE)
    for hours in range(5):
        await scene.later(hours * HOUR)
        assert scene.totals() == {"Delayed": 1}
    assert scene.cloud.asked == []


async def test_of_more_findings_than_a_candidate_names_no_history_is_asked(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user(n, region=f"eu-west-{n}") for n in range(1, 25)], RULE)
    await watched(scene)
    scene.restart()
    await scene.later(3 * HOUR)
    assert text_of(NOW + 6 * HOUR) in due(scene)
    assert scene.cloud.asked == []


async def test_a_rule_that_is_made_anew_begins_anew(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    again = rule(delay="3h")
    again["metadata"]["uid"] = "another"
    scene.api.put(again)
    del scene.api.objects["r-keys"]
    await scene.later(2 * HOUR + 1)
    assert text_of(NOW + 5 * HOUR) in due(scene)


async def test_a_policy_during_which_nobody_ran_is_seen_when_it_is_still_there(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [of_user()], RULE)
    await watched(scene)
    scene.api.put(policy("new", suppressFindings={"match": [{"controls": ["IAM.1"]}]}, mode="DryRun"))
    scene.restart()
    await scene.later(2 * HOUR + MINUTE)
    assert scene.totals() == {"Suppressed": 1}
    del scene.api.objects["p-new"]
    await scene.later(2 * HOUR + 2 * MINUTE)
    assert text_of(NOW + 5 * HOUR + 2 * MINUTE) in due(scene)
