"""Answers of Automation without the members that count are none."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from posture.aws.client.errors import MalformedResponse
from posture.domain.remediation.automation import DocumentRun, DocumentSaid, RunProgress
from posture.remediation.automation import describe_document, follow, start
from tests.support.scripted_reader import Script, Writes

EXECUTION = "6f1c1b1e-3f0e-4a55-9a55-0f0e4a559a55"


class Answers(Writes):
    """Answers each write alike."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__({})
        self._answer = answer

    async def write(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, region: str | None = None
    ) -> dict[str, Any]:
        await super().write(service, operation, parameters, region=region)
        return self._answer


async def described(answer: dict[str, Any]) -> object:
    return await describe_document(Script({("DescribeDocument", None): answer}), DocumentSaid("D", "1"))


async def started(answer: dict[str, Any]) -> object:
    return await start(Answers(answer), DocumentRun("D", "1", (), "token"))


async def followed(answer: dict[str, Any]) -> object:
    return await follow(Script({("GetAutomationExecution", None): answer}), EXECUTION)


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
        ({"AutomationExecutionId": None}, started),
        ({"AutomationExecutionId": "x" * 200}, started),
        ({}, followed),
        ({"AutomationExecution": []}, followed),
        ({"AutomationExecution": {"AutomationExecutionId": EXECUTION, "DocumentName": "D"}}, followed),
        (
            {
                "AutomationExecution": {
                    "AutomationExecutionId": EXECUTION.replace("6", "7"),
                    "AutomationExecutionStatus": "Success",
                }
            },
            followed,
        ),
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
    about = {
        "AutomationExecutionId": EXECUTION,
        "AutomationExecutionStatus": "Failed",
        "DocumentName": "D",
        "StepExecutions": steps,
    }
    progress = await followed({"AutomationExecution": about})
    assert progress == RunProgress("Failed", "D", "", "too late", "Second")
