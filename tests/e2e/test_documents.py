"""Rules that run SSM Automation documents: in the resource's account, once, to the end, within bounds."""

from functools import partial

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.documents import (
    A_GROUP,
    CLOSE,
    OPEN,
    allow_documents,
    granted,
    make_opening_document,
    run,
    runs,
)
from tests.support.e2e.remedied import (
    RDP,
    SSH,
    WEB,
    Group,
    accounts,
    finding,
    found,
    quiet,
    remediations,
    states,
)
from tests.support.e2e.rules import PLURAL, rule, status, totals
from tests.support.e2e.stage import Stage

RULE = "close-ports"


@pytest.fixture(autouse=True)
def nothing_else_fails(cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")


def message(stage: Stage) -> str:
    """Return what the journal's only entry says; empty where there is none."""
    conditions = [
        condition
        for entry in remediations(stage)
        for condition in entry.get("status", {}).get("conditions", [])
        if condition["type"] == "Complete"
    ]
    return conditions[0]["message"] if conditions else ""


def planned(stage: Stage, reason: str) -> str:
    plan = status(stage, RULE).get("plan", [])
    return next((each["message"] for each in plan if each["reason"] == reason), "")


def state_of(stage: Stage, group: Group) -> str:
    return states(stage).get(group.arn, "")


def test_a_document_is_run_verified_journalled_and_undone(stage: Stage, cloud: Cloud) -> None:
    first, other = accounts(cloud)[:2]
    group, foreign = Group(cloud, first, "open", SSH, RDP, WEB), Group(cloud, other, "foreign", SSH, RDP)
    made = found(cloud, group)
    found(cloud, foreign)
    for account in (first, other):
        make_opening_document(cloud, account)
    undo = granted(OPEN, first, GroupId=A_GROUP, Run="[0-9a-f-]{36}")
    allow_documents(stage, granted(), undo)
    stage.target()
    taken_back = {
        "document": OPEN,
        "documentVersion": "1",
        "parameters": {"GroupId": ["{{ resource.name }}"], "Run": ["{{ execution.id }}"]},
    }
    rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=run(undoDocument=taken_back))
    operator = stage.operator()
    operator.wait(lambda: state_of(stage, group) == "Succeeded", "the run", seconds=60)
    assert group.ports == [443]
    (execution, ended), *others = runs(cloud, first).items()
    assert (ended, others) == ("Success", [])
    operator.wait(lambda: totals(stage, RULE).get("NotGranted") == 1, "the other account's document")
    assert f"Its owner there is {other}" in planned(stage, "NotGranted")
    assert (foreign.ports, runs(cloud, other)) == ([22, 3389], {})

    (entry,) = remediations(stage)
    assert entry["status"]["executionId"] == execution
    assert entry["status"]["after"] == {"status": "Success", "verified": True}
    assert entry["spec"]["writes"][0]["summary"].startswith(f"runs {CLOSE} version 1 with GroupId={group.id}")
    operator.wait(lambda: finding(cloud, made)["Workflow"]["Status"] == "RESOLVED", "the finding")

    stage.kubectl("patch", "rem", entry["metadata"]["name"], "--type=merge", "-p", '{"spec":{"undo":true}}')
    operator.wait(lambda: state_of(stage, group) == "Undone", "the undo")
    assert group.ports == [22, 443]
    assert list(runs(cloud, first).values()) == ["Success", "Success"]
    operator.wait(lambda: totals(stage, RULE).get("AlreadyHandled") == 1, "it not to be done again")
    assert len(runs(cloud, first)) == 2


def test_an_undo_asked_for_while_it_runs_stops_it_and_waits_for_its_own_grant(
    stage: Stage, cloud: Cloud
) -> None:
    account = accounts(cloud)[0]
    group = Group(cloud, account, "regretted", RDP, WEB)
    found(cloud, group)
    make_opening_document(cloud, account)
    cloud.script("ssm", {"document": CLOSE, "polls": None})
    undo = granted(OPEN, account, GroupId=A_GROUP, Run=".*")
    allow_documents(stage, granted(), undo)
    stage.target()
    parameters = {"GroupId": ["{{ resource.name }}"], "Run": ["{{ execution.id }}"]}
    taken_back = {"document": OPEN, "documentVersion": "1", "parameters": parameters}
    rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=run(undoDocument=taken_back))
    operator = stage.operator()
    operator.wait(lambda: "InProgress" in message(stage), "the run to be followed", seconds=60)
    (entry,) = remediations(stage)
    allow_documents(stage, granted())
    stage.kubectl("patch", "rem", entry["metadata"]["name"], "--type=merge", "-p", '{"spec":{"undo":true}}')
    operator.wait(lambda: state_of(stage, group) == "Undoing", "the run to be stopped")
    assert list(runs(cloud, account).values()) == ["Cancelled"]
    name = entry["metadata"]["name"]
    operator.wait(lambda: OPEN in stalled(stage, name, "remediations"), "what the undo lacks")
    assert len(runs(cloud, account)) == 1
    allow_documents(stage, granted(), undo)
    operator.wait(lambda: state_of(stage, group) == "Undone", "the undo", seconds=60)
    assert list(runs(cloud, account).values()) == ["Success", "Cancelled"]
    assert group.ports == [22, 443, 3389]


def test_what_is_not_granted_or_opted_out_is_not_run(stage: Stage, cloud: Cloud) -> None:
    account = accounts(cloud)[0]
    group, spared = Group(cloud, account, "odd", SSH, RDP), Group(cloud, account, "tagged", SSH, RDP)
    right = Group(cloud, account, "right", WEB)
    spared.tag("KEEP", "Yes")
    for each in (group, spared, right):
        found(cloud, each)
    only = f"^{spared.id}|{right.id}$"
    allow_documents(stage, granted(GroupId=only), optOutTags=[{"key": "keep"}])
    stage.target()
    rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=run())
    operator = stage.operator()
    expected = {"NotGranted": 1, "OptedOut": 1, "AlreadyCompliant": 1}
    operator.wait(lambda: totals(stage, RULE) == expected, "the plan", seconds=60)
    assert "GroupId" in planned(stage, "NotGranted")
    assert (runs(cloud, account), remediations(stage)) == ({}, [])

    def told(reason: str, says: str) -> bool:
        return says in planned(stage, reason) or says in stalled(stage)

    for action, reason, says in (
        (run(version="99"), "NotSupported", "no document"),
        (run("AWS-RunShellScript"), "NotGranted", "AWS-RunShellScript"),
        (run(parameters={}), "NotSupported", "needs parameter GroupId"),
    ):
        rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=action)
        operator.wait(partial(told, reason, says), f"what is wrong with {action}")
    assert (runs(cloud, account), remediations(stage)) == ({}, [])


def stalled(stage: Stage, name: str = RULE, plural: str = PLURAL) -> str:
    return str(stage.condition("Stalled", name, plural).get("message", ""))


def test_frozen_writes_stop_a_run_and_start_none(stage: Stage, cloud: Cloud) -> None:
    account = accounts(cloud)[0]
    group = Group(cloud, account, "slow", SSH, RDP, WEB)
    found(cloud, group)
    cloud.script("ssm", {"polls": None})
    allow_documents(stage, granted())
    stage.target()
    rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=run())
    operator = stage.operator()
    operator.wait(lambda: "InProgress" in message(stage), "the run to be followed", seconds=60)
    assert list(runs(cloud, account).values()) == ["InProgress"]
    allow_documents(stage, granted(), writes="Frozen")
    operator.wait(lambda: state_of(stage, group) == "Failed", "the run to be stopped")
    assert list(runs(cloud, account).values()) == ["Cancelled"]
    assert "it was stopped. What it did until then stays" in message(stage)
    assert group.ports == [22, 443, 3389]


def test_a_run_that_takes_too_long_is_stopped(stage: Stage, cloud: Cloud) -> None:
    account = accounts(cloud)[0]
    group = Group(cloud, account, "endless", SSH, RDP)
    found(cloud, group)
    cloud.script("ssm", {"polls": None, "meanwhile": "PendingApproval"})
    allow_documents(stage, granted())
    stage.target()
    rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=run(timeout="5s"))
    operator = stage.operator()
    operator.wait(lambda: state_of(stage, group) == "Failed", "the run to be stopped", seconds=60)
    assert list(runs(cloud, account).values()) == ["Cancelled"]


def test_a_run_goes_on_while_its_operator_is_killed_and_is_started_once(stage: Stage, cloud: Cloud) -> None:
    account = accounts(cloud)[0]
    group = Group(cloud, account, "survivor", SSH, RDP, WEB)
    found(cloud, group)
    cloud.script("ssm", {"polls": 6})
    allow_documents(stage, granted())
    stage.target()
    rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=run())
    operator = stage.operator()
    operator.wait(lambda: "InProgress" in message(stage), "the run to be followed", seconds=60)
    operator.kill()
    operator.start()
    operator.wait(
        lambda: state_of(stage, group) == "Succeeded", "the run to be followed to its end", seconds=60
    )
    assert list(runs(cloud, account).values()) == ["Success"]
    assert group.ports == [443]
    (entry,) = remediations(stage)
    assert entry["status"]["attempts"] == 1


def test_a_failed_run_is_told_in_aws_s_words_and_not_repeated_at_once(stage: Stage, cloud: Cloud) -> None:
    account = accounts(cloud)[0]
    group = Group(cloud, account, "failing", SSH, WEB)
    made = found(cloud, group)
    allow_documents(stage, granted())
    stage.target()
    rule(stage, RULE, CLOSE, ["EC2.19"], mode="Enforce", action=run())
    operator = stage.operator()
    operator.wait(lambda: state_of(stage, group) == "Failed", "the run to fail", seconds=60)
    assert "InvalidPermission.NotFound" in message(stage)
    assert group.ports == [443]
    assert finding(cloud, made)["Workflow"]["Status"] == "NEW"
