"""Runs of documents when answers are lost, calls are refused, and operators die: started once, or told."""

from typing import Any

import pytest

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.documents import CLOSE, allow_documents, granted, run, runs
from tests.support.e2e.remedied import (
    RDP,
    SSH,
    WEB,
    Group,
    accounts,
    client,
    found,
    quiet,
    remediations,
    states,
)
from tests.support.e2e.rules import rule
from tests.support.e2e.stage import Stage

START = {"service": "ssm", "operation": "StartAutomationExecution"}


@pytest.fixture
def group(stage: Stage, cloud: Cloud) -> Group:
    """A group that a rule is about to close."""
    quiet(cloud, "EC2.19")
    made = Group(cloud, accounts(cloud)[0], "open", SSH, RDP, WEB)
    found(cloud, made)
    allow_documents(stage, granted())
    stage.target()
    rule(stage, "close-ports", CLOSE, ["EC2.19"], mode="Enforce", action=run())
    return made


def ended(stage: Stage, operator: OperatorProcess, group: Group, state: str) -> dict[str, Any]:
    operator.wait(lambda: states(stage).get(group.arn) == state, f"the run to be {state}", seconds=60)
    (entry,) = remediations(stage)
    return entry


def starts(cloud: Cloud, group: Group) -> list[str]:
    """Return the tokens of all starts that were sent for a group."""
    return [
        each["parameters"]["ClientToken"]
        for each in cloud.writes()
        if each["operation"] == START["operation"] and each["account"] == group.account
    ]


@pytest.mark.parametrize("answer", ["lost", "html"])
def test_a_start_whose_answer_is_spoilt_is_sent_again_with_its_token(
    stage: Stage, cloud: Cloud, group: Group, answer: str
) -> None:
    cloud.meddle("start", **START, answer=answer, count=1)
    entry = ended(stage, stage.operator(), group, "Succeeded")
    assert cloud.met("start") == 1
    assert list(runs(cloud, group.account)) == [entry["status"]["executionId"]]
    tokens = starts(cloud, group)
    assert (len(tokens), len({*tokens})) == (2, 1)
    assert group.ports == [443]


@pytest.mark.parametrize("held", ["call", "answer"])
def test_an_operator_that_dies_while_it_starts_a_run_starts_no_second_one(
    stage: Stage, cloud: Cloud, group: Group, held: str
) -> None:
    cloud.meddle("start", **START, hold=held, count=1)
    operator = stage.operator()
    operator.wait(lambda: cloud.holding("start"), "the start", seconds=60)
    operator.kill()
    cloud.lift("start")
    cloud.meddle("start", **START, count=0)
    operator.start()
    entry = ended(stage, operator, group, "Succeeded")
    assert list(runs(cloud, group.account)) == [entry["status"]["executionId"]]
    assert len({*starts(cloud, group)}) == 1
    assert entry["status"]["attempts"] == 1
    assert group.ports == [443]


def test_a_run_that_ended_while_nobody_knew_of_it_is_not_started_again(
    stage: Stage, cloud: Cloud, group: Group
) -> None:
    cloud.meddle("start", **START, hold="answer", count=1)
    operator = stage.operator()
    operator.wait(lambda: cloud.holding("start"), "the start", seconds=60)
    operator.kill()
    cloud.lift("start")
    cloud.meddle("start", **START, count=0)
    ssm = client(cloud, group.account, "ssm")
    (execution,) = runs(cloud, group.account)
    while runs(cloud, group.account)[execution] == "InProgress":
        ssm.get_automation_execution(AutomationExecutionId=execution)
    operator.start()
    entry = ended(stage, operator, group, "Succeeded")
    assert entry["status"]["after"] == {"verified": True}
    assert len(starts(cloud, group)) == 1
    assert group.ports == [443]


def test_a_start_that_is_throttled_is_sent_again_and_one_that_is_denied_is_not(
    stage: Stage, cloud: Cloud, group: Group
) -> None:
    cloud.meddle("start", **START, code="ThrottlingException", count=2)
    operator = stage.operator()
    entry = ended(stage, operator, group, "Succeeded")
    assert list(runs(cloud, group.account)) == [entry["status"]["executionId"]]

    other = Group(cloud, group.account, "other", SSH, RDP)
    cloud.meddle("start", **START, code="AccessDeniedException")
    found(cloud, other)
    operator.wait(
        lambda: states(stage).get(other.arn) == "Failed", "the second run to be refused", seconds=60
    )
    assert cloud.met("start") == 1
    assert other.ports == [22, 3389]
    assert len(runs(cloud, group.account)) == 1
