"""What changes between the plan and the write is seen: nothing is written any more, and no entry is left.

Each case is stopped in the look before the entry in the journal: rule, policies and finding have been read.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.exceptions import in_hours, policy
from tests.support.e2e.remedied import RDP, SSH, Group, accounts, found, quiet, remediations, states, written
from tests.support.e2e.rules import INGRESS, allow, ready, rule, status, totals
from tests.support.e2e.stage import Stage

CONTROLS = ["EC2.19"]


class Case(NamedTuple):
    """A rule that is about to write to its group. `made`: the finding."""

    stage: Stage
    cloud: Cloud
    operator: OperatorProcess
    name: str
    group: Group
    made: dict[str, Any]

    @property
    def match(self) -> list[dict[str, Any]]:
        return [{"controls": CONTROLS, "resourceIds": [self.group.arn]}]

    def declare(self, **spec: Any) -> None:
        rule(self.stage, self.name, INGRESS, CONTROLS, **{"mode": "Enforce", "match": self.match, **spec})

    def change_finding(self, **changes: Any) -> None:
        changed = {"op": "update", "id": self.made["Id"], "set": {"UpdatedAt": in_hours(0), **changes}}
        self.cloud.control.mutate(changed)


def suppressed_by_hand(case: Case) -> str:
    case.cloud.control.mutate({"op": "workflow", "id": case.made["Id"], "status": "SUPPRESSED"})
    return "Suppressed"


def excepted_by_a_suspended_dry_run(case: Case) -> str:
    policy(case.stage, case.name, match=case.match, mode="DryRun", suspend=True)
    return "Suppressed"


def narrowed(case: Case) -> str:
    case.declare(exceptions=[{"resourceIds": [case.group.arn]}])
    return "Excepted"


def put_right_by_hand(case: Case) -> str:
    case.group.close(SSH)
    return "AlreadyCompliant"


def deleted(case: Case) -> str:
    case.group.ec2.delete_security_group(GroupId=case.group.id)
    return "ResourceGone"


def tagged(case: Case) -> str:
    case.group.tag("posture.dev/REMEDIATION", "Off")
    return "OptedOut"


def out_of_window(case: Case) -> str:
    window = {"schedule": "0 0 29 2 *", "duration": "1m", "timeZone": "UTC"}
    case.declare(window=window)
    return "OutsideWindow"


def to_be_approved(case: Case) -> str:
    case.declare(approval="Required")
    return "AwaitingApproval"


def passed(case: Case) -> str:
    case.change_finding(Compliance={**case.made["Compliance"], "Status": "PASSED"})
    return ""


def archived(case: Case) -> str:
    case.change_finding(RecordState="ARCHIVED")
    return ""


RESOURCE = (suppressed_by_hand, put_right_by_hand, deleted, tagged, passed, archived)
RULE = (excepted_by_a_suspended_dry_run, narrowed, out_of_window, to_be_approved)


def caught(stage: Stage, cloud: Cloud, operator: OperatorProcess, account: str, name: str) -> Case:
    """Have a rule plan a write, and stop it in the look before its entry."""
    group = Group(cloud, account, name)
    held = {"operation": "DescribeSecurityGroups", "mentions": group.id}
    cloud.meddle("look", **held, after=2, count=1, hold="call")
    case = Case(stage, cloud, operator, name, group, found(cloud, group))
    case.declare()
    operator.wait(lambda: cloud.holding("look"), f"{name}: the look before the entry", seconds=60)
    assert group.arn not in states(stage)
    return case


@pytest.mark.timeout(240)
@pytest.mark.parametrize("changes", [RESOURCE, RULE], ids=["resource", "rule"])
def test_what_changes_before_the_write_is_heeded(
    stage: Stage, cloud: Cloud, changes: tuple[Callable[[Case], str], ...]
) -> None:
    quiet(cloud, *CONTROLS)
    account = accounts(cloud)[0]
    allow(stage, max_mode="Enforce", optOutTags=[{"key": "posture.dev/remediation", "values": ["off"]}])
    stage.target()
    operator = stage.operator()
    for change in changes:
        case = caught(stage, cloud, operator, account, change.__name__.replace("_", "-"))
        reason = change(case)
        cloud.lift("look")
        expected = {reason: 1} if reason else {}
        # A run that is asked for now begins after the one that is under way.
        stage.kubectl("annotate", "rrule", case.name, "posture.dev/requestedAt=now")

        def is_told(name: str = case.name, expected: dict[str, int] = expected) -> bool:
            has_run = status(stage, name).get("lastHandledRequest") == "now"
            return has_run and ready(stage, name)[0] != "" and totals(stage, name) == expected

        operator.wait(is_told, f"{case.name}: the plan to say so", seconds=60)
        going = [each for each in states(stage).values() if each != "AwaitingApproval"]
        assert going == [], case.name
        assert cloud.writes() == [], case.name
        stage.kubectl("delete", "rrule", case.name)


@pytest.mark.timeout(240)
def test_what_is_taken_away_before_the_write_is_heeded(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, *CONTROLS)
    account = accounts(cloud)[0]
    allow(stage, max_mode="Enforce")
    stage.target()
    operator = stage.operator()

    def is_gone(case: Case) -> bool:
        labels = {"namespace": stage.namespace, "rule": case.name}
        return not operator.series("posture_remediation_candidates", **labels)

    def says(*reasons: str) -> Callable[[Case], bool]:
        return lambda case: ready(stage, case.name)[1] in reasons

    changes: list[tuple[str, Callable[[Case], object], Callable[[Case], bool]]] = [
        ("suspended", lambda case: case.declare(suspend=True), says("Suspended")),
        ("dry", lambda case: case.declare(mode="DryRun"), says("DryRun")),
        ("frozen", lambda _: allow(stage, max_mode="Enforce", writes="Frozen"), says("WritesFrozen")),
        ("not-granted", lambda _: allow(stage, max_mode="DryRun"), says("NotGranted")),
        ("target", lambda _: stage.target(suspend=True), says("TargetSuspended", "Suspended")),
        ("gone", lambda case: stage.kubectl("delete", "rrule", case.name), is_gone),
    ]
    for name, change, is_told in changes:
        case = caught(stage, cloud, operator, account, name)
        change(case)
        cloud.lift("look")

        def has_ended(is_told: Callable[[Case], bool] = is_told, case: Case = case) -> bool:
            # An entry that was made meanwhile is withdrawn by the look before its write.
            return is_told(case) and remediations(stage) == []

        operator.wait(has_ended, f"{name}: to be told")
        assert cloud.writes() == [], name
        stage.kubectl("delete", "rrule", name, "--ignore-not-found")
        allow(stage, max_mode="Enforce")
        stage.target(suspend=False)
    # Whoever held all that up goes on as before.
    group = Group(cloud, account, "after-all-that")
    found(cloud, group)
    rule(stage, "after", INGRESS, CONTROLS, mode="Enforce", match=[{"resourceIds": [group.arn]}])
    operator.wait(lambda: written(cloud, group) == ["RevokeSecurityGroupIngress"], "a write", seconds=60)
    assert len(cloud.writes()) == 1


@pytest.mark.timeout(180)
def test_an_approval_is_of_just_the_plan_that_was_shown(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, *CONTROLS)
    group = Group(cloud, accounts(cloud)[0], "approved")
    found(cloud, group)
    allow(stage, max_mode="Enforce")
    stage.target()
    rule(stage, "open-ports", INGRESS, CONTROLS, mode="Enforce", approval="Required")
    operator = stage.operator()

    def waits(writes: int) -> bool:
        entries = remediations(stage)
        return [len(each["spec"]["writes"]) for each in entries] == [writes] and states(stage) == {
            group.arn: "AwaitingApproval"
        }

    def approve() -> str:
        (entry,) = remediations(stage)
        planned: str = entry["spec"]["planHash"]
        patch = json.dumps({"spec": {"approval": {"by": "alice", "planHash": planned}}})
        stage.kubectl("patch", "rem", entry["metadata"]["name"], "--type=merge", "-p", patch)
        return planned

    operator.wait(lambda: waits(1), "the question", seconds=60)
    # What was shown is approved in the very moment in which it is something else.
    group.open(RDP)
    first = approve()
    operator.wait(lambda: waits(2), "the question anew", seconds=60)
    assert cloud.writes() == []
    assert group.ports == [22, 443, 3389]
    assert approve() != first
    operator.wait(lambda: states(stage) == {group.arn: "Succeeded"}, "what was approved", seconds=60)
    assert written(cloud, group) == ["RevokeSecurityGroupIngress"] * 2
    assert group.ports == [443]
