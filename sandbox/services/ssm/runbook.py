"""Runbooks: the content of Automation documents (schema 0.3), and what running one does.

Parameters are checked as Automation does before it starts (Systems Manager user guide, "Data elements and
parameters"); steps are `aws:executeAwsApi` and `aws:sleep`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ParamValidationError

from sandbox.services.call import Call, Refusal

Content = Mapping[str, Any]
Parameters = Mapping[str, Sequence[str]]

_NAME = re.compile(r"\{\{\s*([A-Za-z0-9_:.]+)\s*\}\}")


class StepFailed(Exception):  # noqa: N818 - the name says what happened
    """A step failed and the document does not go on. `number`: of the step, from 1."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(
            f"Step fails when it is Execute/Cancelling action. {why}. Please refer to Automation Service"
            " Troubleshooting Guide for more diagnosis details."
        )
        self.number = number


class Running(NamedTuple):
    """What a runbook is run with."""

    call: Call
    content: Content
    parameters: Parameters


def check_parameters(content: Content, given: Parameters) -> None:
    """Raise Refusal unless a document takes these parameters."""
    declared: Mapping[str, Mapping[str, Any]] = content.get("parameters", {})
    for name, values in given.items():
        if name not in declared:
            _refuse(f"Parameter {name} is not defined in document content")
        about = declared[name]
        if about["type"] != "StringList" and len(values) != 1:
            _refuse(f"Parameter {name} should have exactly one value")
        pattern, allowed = about.get("allowedPattern"), about.get("allowedValues")
        for value in values:
            if pattern is not None and re.fullmatch(pattern, value) is None:
                _refuse(f"Parameter {name} value {value} does not match the allowed pattern {pattern}")
            if allowed is not None and value not in allowed:
                _refuse(f"Parameter {name} value {value} is not one of {', '.join(allowed)}")
    missing = [name for name, about in declared.items() if name not in given and "default" not in about]
    if missing:
        _refuse(f"Required parameters {missing} are not provided")


def steps(content: Content) -> Sequence[Mapping[str, Any]]:
    """Return the steps of a document."""
    return tuple(content.get("mainSteps", ()))


def do_step(running: Running, number: int) -> None:
    """Do one step, from 1. Raises StepFailed, unless the step says that the document goes on."""
    step = steps(running.content)[number - 1]
    try:
        _do(step["action"], _filled(step.get("inputs", {}), running), running.call)
    except (ClientError, ParamValidationError) as error:
        if step.get("onFailure", "Abort") != "Continue":
            raise StepFailed(number, str(error)) from error


def _refuse(message: str) -> None:
    raise Refusal("InvalidAutomationExecutionParametersException", message)


def _do(action: str, inputs: Mapping[str, Any], call: Call) -> None:
    if action == "aws:executeAwsApi":
        parameters = {name: value for name, value in inputs.items() if name not in {"Service", "Api"}}
        call.aws(inputs["Service"], inputs["Api"], parameters)
    elif action != "aws:sleep":
        raise ParamValidationError(report=f"{action} is not emulated")


def _filled(value: Any, running: Running) -> Any:  # noqa: ANN401 - the content of a document
    """Put parameters in the place of their names."""
    if isinstance(value, Mapping):
        return {name: _filled(each, running) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, running) for each in value]
    if not isinstance(value, str):
        return value
    if whole := _NAME.fullmatch(value):
        return _value(whole[1], running)
    return _NAME.sub(lambda found: str(_value(found[1], running)), value)


def _value(name: str, running: Running) -> Any:  # noqa: ANN401 - as above
    if name == "global:ACCOUNT_ID":
        return running.call.account
    if name == "global:REGION":
        return running.call.region
    declared = running.content["parameters"].get(name)
    if declared is None:
        raise ParamValidationError(report=f"nothing is called {name}")
    if name not in running.parameters:
        return declared["default"]
    given = running.parameters[name]
    return list(given) if declared["type"] == "StringList" else given[0]
