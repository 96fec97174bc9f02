"""Runs of SSM Automation documents where a resource is: described, started, followed, stopped.

The role that reads and writes there runs the document too, unless the rule gives it another one as a
parameter that is granted. Source: Systems Manager API reference.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from posture.aws.client.errors import AwsError, MalformedResponse
from posture.domain.remediation.automation import (
    NOT_FOUND,
    DescribedDocument,
    DocumentParameter,
    DocumentRun,
    DocumentSaid,
    RunProgress,
)
from posture.domain.remediation.reasons import Reason
from posture.domain.time import instant_of
from posture.remediation.actions.contract import Iam, Reader, Refused, Writer

IAM = Iam(
    read=("ssm:DescribeDocument", "ssm:GetAutomationExecution"),
    write=("ssm:StartAutomationExecution", "ssm:StopAutomationExecution"),
    undo=("ssm:StartAutomationExecution", "ssm:StopAutomationExecution"),
)
"""What the role needs beside the rights that the document itself uses."""

_SERVICE = "ssm"
_EXECUTION_ID = re.compile(r"[0-9A-Za-z-]{36}", re.ASCII)
_LIST = "StringList"
_ACTIVE = "Active"
_NO_DOCUMENT = frozenset({"InvalidDocument", "InvalidDocumentVersion"})
_NO_RUN = "AutomationExecutionNotFoundException"
_FAILED = frozenset({"Failed", "TimedOut"})
_RUN_IS_OVER = "InvalidAutomationStatusUpdateException"


async def describe_document(reader: Reader, document: DocumentSaid) -> DescribedDocument:
    """Return what a document is where the reader reads: its owner above all.

    Raises Refused where there is no such version of it, and AwsError.
    """
    asked = {"Name": document.name, "DocumentVersion": document.version}
    try:
        body = await reader.read(_SERVICE, "DescribeDocument", asked)
    except AwsError as error:
        if error.code in _NO_DOCUMENT:
            raise Refused(
                Reason.NOT_SUPPORTED,
                f"There is no document {document.name} version {document.version} in account"
                f" {reader.account_id} and {reader.region}: name one that is there",
            ) from error
        raise
    with _answered("DescribeDocument"):
        about = body["Document"]
        return DescribedDocument(
            name=document.name,
            owner=about["Owner"],
            version=about["DocumentVersion"],
            kind=about["DocumentType"],
            active=about["Status"] == _ACTIVE,
            parameters=tuple(_parameter(each) for each in about.get("Parameters") or ()),
        )


async def start(writer: Writer, run: DocumentRun) -> str:
    """Start a run and return the id of its execution; sent again, it returns that of the same run.

    Raises AwsError, OutOfTime and Refused.
    """
    body = await writer.write(
        _SERVICE,
        "StartAutomationExecution",
        {
            "DocumentName": run.document,
            "DocumentVersion": run.version,
            "Parameters": {name: list(values) for name, values in run.parameters},
            "ClientToken": run.token,
        },
    )
    with _answered("StartAutomationExecution"):
        execution_id: str = body["AutomationExecutionId"]
        if not _EXECUTION_ID.fullmatch(execution_id):
            raise TypeError(f"{execution_id!r} is the id of no execution")
        return execution_id


async def follow(reader: Reader, execution_id: str) -> RunProgress:
    """Return how far a run is, in AWS's words. Raises AwsError and Refused."""
    try:
        body = await reader.read(_SERVICE, "GetAutomationExecution", {"AutomationExecutionId": execution_id})
    except AwsError as error:
        if error.code == _NO_RUN:
            return RunProgress(NOT_FOUND, "", "")
        raise
    with _answered("GetAutomationExecution"):
        about = body["AutomationExecution"]
        if about["AutomationExecutionId"] != execution_id:
            raise TypeError("the answer is about another execution")
        failed: Mapping[str, Any] = next(
            (each for each in about.get("StepExecutions") or () if _failed(each)), {}
        )
        return RunProgress(
            status=about["AutomationExecutionStatus"],
            document=about.get("DocumentName", ""),
            version=about.get("DocumentVersion", ""),
            message=about.get("FailureMessage") or failed.get("FailureMessage", ""),
            step=about.get("CurrentStepName") or failed.get("StepName", ""),
            ended_at=instant_of(about["ExecutionEndTime"]) if about.get("ExecutionEndTime") else None,
        )


async def stop(writer: Writer, execution_id: str) -> None:
    """Have a run cancelled: steps that have begun end, and no further one begins.

    One that is over already stays as it is. Raises AwsError, OutOfTime and Refused.
    """
    asked = {"AutomationExecutionId": execution_id, "Type": "Cancel"}
    try:
        await writer.write(_SERVICE, "StopAutomationExecution", asked)
    except AwsError as error:
        if error.code not in {_RUN_IS_OVER, _NO_RUN}:
            raise


def _parameter(about: Mapping[str, Any]) -> DocumentParameter:
    return DocumentParameter(about["Name"], about["Type"] == _LIST, "DefaultValue" not in about)


def _failed(step: Mapping[str, Any]) -> bool:
    return step.get("StepStatus") in _FAILED


@contextmanager
def _answered(operation: str) -> Iterator[None]:
    """Take an answer without the members that it must have, or with impossible ones, for none."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedResponse(
            f"a member that is needed is missing or impossible: {error}",
            service=_SERVICE,
            operation=operation,
            code="MissingMember",
        ) from error
