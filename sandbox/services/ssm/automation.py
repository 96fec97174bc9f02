"""Automation: a runbook that runs while it is asked about, and can go wrong in all ways that are AWS's.

Time passes with each GetAutomationExecution: a step of the document is done at each, after as many answers as
the script says. `PUT /_control/services/ssm` with a JSON list of `Script` says how runs of a document go from
then on; the first that fits counts.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from sandbox.securityhub.catalogue import partition_of
from sandbox.services.call import Answer, Call, Places, Refusal
from sandbox.services.ssm.owned import content_of
from sandbox.services.ssm.runbook import Running, StepFailed, check_parameters, do_step, steps
from sandbox.services.ssm.service import SERVICE

_OVER = frozenset({"Success", "Failed", "TimedOut", "Cancelled", "Rejected", "Exited"})
_KEPT = ("DocumentName", "DocumentVersion", "Parameters", "Mode", "Targets", "TargetLocations")


class Script(msgspec.Struct, forbid_unknown_fields=True):
    """How a run goes.

    `document`, `account`: globs. `polls`: so many answers say `meanwhile` before anything is done; None: all
    of them. `end`: the status at the end, whatever the steps did; None: as they end. `acts`: whether the
    steps are done. `refuse`: which operation is refused instead, with `code`, `count` times (None: always).
    """

    document: str = "*"
    account: str = "*"
    polls: int | None = 0
    meanwhile: str = "InProgress"
    end: str | None = None
    message: str = ""
    acts: bool = True
    refuse: str = ""
    code: str = "ThrottlingException"
    count: int | None = None


@dataclass(slots=True)
class _Execution:
    id: str
    call: Call
    running: Running
    version: str
    script: Script
    started: datetime
    status: str = "InProgress"
    polls: int = 0
    done: int = 0
    failure: str = ""
    ended: datetime | None = None


@dataclass(slots=True)
class _Place:
    executions: dict[str, _Execution] = field(default_factory=dict)
    tokens: dict[str, _Execution] = field(default_factory=dict)


_PLACES: Places[_Place] = Places(_Place)
_SCRIPTS: list[Script] = []


def _take_scripts(body: bytes) -> None:
    try:
        scripts = msgspec.json.decode(body, type=list[Script])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    _SCRIPTS[:] = scripts


SERVICE.script = _take_scripts


@SERVICE.answers("StartAutomationExecution")
def start_automation_execution(call: Call) -> Answer:
    """Start a run, or return the one that was started with the same token."""
    name = call.parameters["DocumentName"]
    _refuse(call, name)
    place, token = _PLACES.of(call), call.parameters.get("ClientToken")
    earlier = None if token is None else place.tokens.get(token)
    if earlier is not None:
        if _wanted(earlier.call) != _wanted(call):
            raise Refusal(
                "IdempotentParameterMismatch",
                "The request uses the same client token as a previous, but non-identical request.",
            )
        return {"AutomationExecutionId": earlier.id}
    version, content = content_of(call, name, call.parameters.get("DocumentVersion"))
    given = call.parameters.get("Parameters", {})
    check_parameters(content, given)
    script = next((each for each in _SCRIPTS if not each.refuse and _fits(each, call, name)), Script())
    running = Running(call, content, given)
    execution = _Execution(str(uuid.uuid4()), call, running, version, script, datetime.now(UTC))
    place.executions[execution.id] = execution
    if token is not None:
        place.tokens[token] = execution
    return {"AutomationExecutionId": execution.id}


@SERVICE.answers("GetAutomationExecution")
def get_automation_execution(call: Call) -> Answer:
    """Let a run go on by one step, and describe it."""
    execution = _found(call)
    _refuse(call, execution.call.parameters["DocumentName"])
    answer = {"AutomationExecution": _described(execution)}
    _go_on(execution)
    return answer


@SERVICE.answers("StopAutomationExecution")
def stop_automation_execution(call: Call) -> Answer:
    """Cancel a run: the step after the one that is done is not done any more."""
    execution = _found(call)
    _refuse(call, execution.call.parameters["DocumentName"])
    if execution.status in _OVER:
        raise Refusal(
            "InvalidAutomationStatusUpdateException",
            f"Automation execution {execution.id} is already in its final status {execution.status}.",
        )
    execution.status = "Cancelling"
    return {}


@SERVICE.answers("DescribeAutomationExecutions")
def describe_automation_executions(call: Call) -> Answer:
    """List all runs, whatever the filters, the last that was started first. No time passes."""
    executions = reversed(_PLACES.of(call).executions.values())
    unlisted = {"Parameters", "StepExecutions", "StepExecutionsTruncated"}
    return {
        "AutomationExecutionMetadataList": [
            {name: value for name, value in _described(each).items() if name not in unlisted}
            for each in executions
        ]
    }


def _found(call: Call) -> _Execution:
    wanted = call.parameters["AutomationExecutionId"]
    execution = _PLACES.of(call).executions.get(wanted)
    if execution is None:
        raise Refusal(
            "AutomationExecutionNotFoundException", f"Could not find Automation execution with ID: {wanted}"
        )
    return execution


def _fits(script: Script, call: Call, document: str) -> bool:
    return fnmatchcase(document, script.document) and fnmatchcase(call.account, script.account)


def _refuse(call: Call, document: str) -> None:
    for script in _SCRIPTS:
        if script.refuse == call.operation and script.count != 0 and _fits(script, call, document):
            script.count = script.count and script.count - 1
            raise Refusal(script.code, script.message or "Rate exceeded")


def _wanted(call: Call) -> Mapping[str, Any]:
    return {name: value for name, value in call.parameters.items() if name != "ClientToken"}


def _go_on(execution: _Execution) -> None:
    script = execution.script
    if execution.status in _OVER:
        return
    if execution.status == "Cancelling":
        _end(execution, "Cancelled")
    elif script.polls is None or execution.polls < script.polls:
        execution.polls += 1
    elif script.acts and execution.done < len(steps(execution.running.content)):
        execution.done += 1
        try:
            do_step(execution.running, execution.done)
        except StepFailed as failed:
            execution.failure = str(failed)
            _end(execution, "Failed")
        else:
            if execution.done == len(steps(execution.running.content)):
                _end(execution, "Success")
    else:
        _end(execution, "Success")


def _end(execution: _Execution, status: str) -> None:
    scripted = execution.script.end if status != "Cancelled" else None
    execution.status = scripted or status
    execution.failure = execution.script.message or execution.failure
    execution.ended = datetime.now(UTC)


def _described(execution: _Execution) -> Answer:
    call = execution.call
    asked = call.parameters
    going = execution.status == "InProgress"
    return {
        **{name: asked[name] for name in _KEPT if name in asked},
        "AutomationExecutionId": execution.id,
        "DocumentVersion": execution.version,
        "Mode": asked.get("Mode", "Auto"),
        "AutomationExecutionStatus": execution.script.meanwhile if going else execution.status,
        "ExecutionStartTime": execution.started,
        "ExecutedBy": f"arn:{partition_of(call.region)}:sts::{call.account}:assumed-role/sandbox/sandbox",
        "StepExecutionsTruncated": False,
        "StepExecutions": _described_steps(execution),
        "Outputs": {},
        **({"FailureMessage": execution.failure} if execution.failure else {}),
        **({"ExecutionEndTime": execution.ended} if execution.ended else {}),
    }


def _described_steps(execution: _Execution) -> Sequence[Mapping[str, Any]]:
    described = []
    for number, step in enumerate(steps(execution.running.content), 1):
        failed = number == execution.done and execution.status == "Failed"
        done = "Failed" if failed else "Success"
        described.append(
            {
                "StepName": step["name"],
                "Action": step["action"],
                "StepStatus": done if number <= execution.done else "Pending",
                **({"FailureMessage": execution.failure} if failed else {}),
            }
        )
    return described
