"""Answers of Automation without the members that count are none."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from posture.aws.client.errors import MalformedResponse
from posture.domain.remediation.automation import DocumentRun, DocumentSaid, RunProgress
from posture.remediation.automation import describe, follow, start


class Says:
    """An account whose answer is always the same."""

    account_id = "111122223333"
    region = "eu-west-1"

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    async def account_tags(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def read(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        region: str | None = None,
    ) -> dict[str, Any]:
        del service, operation, parameters, region
        return self._answer

    write = read


async def described(said: Says) -> object:
    return await describe(said, DocumentSaid("D", "1"))


async def started(said: Says) -> object:
    return await start(said, DocumentRun("D", "1", (), "token"))


async def followed(said: Says) -> object:
    return await follow(said, "execution")


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
    answer: dict[str, Any], call: Callable[[Says], Awaitable[object]]
) -> None:
    with pytest.raises(MalformedResponse):
        await call(Says(answer))


async def test_the_step_that_failed_is_named_where_automation_names_no_present_one() -> None:
    steps = [
        {"StepName": "First", "StepStatus": "Success"},
        {"StepName": "Second", "StepStatus": "TimedOut", "FailureMessage": "too late"},
    ]
    about = {"AutomationExecutionStatus": "Failed", "DocumentName": "D", "StepExecutions": steps}
    progress = await follow(Says({"AutomationExecution": about}), "execution")
    assert progress == RunProgress("Failed", "D", "", "too late", "Second")
