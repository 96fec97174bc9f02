"""Answers of Automation without the members that count are none."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from posture.aws.client.errors import MalformedResponse
from posture.domain.remediation.automation import DocumentRun, DocumentSaid, RunProgress
from posture.remediation.automation import describe, follow, start
from tests.support.scripted_reader import Script, Writes


async def described(answer: dict[str, Any]) -> object:
    return await describe(Script({("DescribeDocument", None): answer}), DocumentSaid("D", "1"))


async def started(answer: dict[str, Any]) -> object:
    assert not answer
    return await start(Writes({}), DocumentRun("D", "1", (), "token"))


async def followed(answer: dict[str, Any]) -> object:
    return await follow(Script({("GetAutomationExecution", None): answer}), "execution")


@pytest.mark.parametrize(
    ("answer", "call"),
    [
        ({}, described),
        ({"Document": None}, described),
        ({"Document": {"Owner": "Amazon", "DocumentVersion": "1", "Status": "Active"}}, described),
        ({"Document": {"DocumentType": "Automation", "DocumentVersion": "1", "Status": "Active"}}, described),
        (
            {
                "Document": {
                    "Owner": "Amazon",
                    "DocumentVersion": "1",
                    "DocumentType": "Automation",
                    "Status": "Active",
                    "Parameters": [{"Type": "String"}],
                }
            },
            described,
        ),
        ({}, started),
        ({}, followed),
        ({"AutomationExecution": []}, followed),
        ({"AutomationExecution": {"DocumentName": "D"}}, followed),
    ],
)
async def test_an_answer_that_lacks_what_counts_is_none(
    answer: dict[str, Any], call: Callable[[dict[str, Any]], Awaitable[object]]
) -> None:
    with pytest.raises(MalformedResponse):
        await call(answer)


async def test_the_step_that_failed_is_named_where_automation_names_no_present_one() -> None:
    steps = [
        {"StepName": "First", "StepStatus": "Success"},
        {"StepName": "Second", "StepStatus": "TimedOut", "FailureMessage": "too late"},
    ]
    about = {"AutomationExecutionStatus": "Failed", "DocumentName": "D", "StepExecutions": steps}
    progress = await followed({"AutomationExecution": about})
    assert progress == RunProgress("Failed", "D", "", "too late", "Second")
