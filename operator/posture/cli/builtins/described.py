"""What people are told of a builtin action: its declaration, and what its docstrings say."""

import inspect
import re
import sys
from typing import Any, NamedTuple

from posture.remediation.actions.contract import Action
from posture.remediation.actions.parameters import Parameter
from posture.remediation.actions.setting import PartByPart, Setting

_CONTROL = re.compile(r"([A-Za-z0-9]+)\.([0-9]+)")
# `EC2.13, 14 and 18: `, with which the docstring of an action's module begins.
_LEAD = re.compile(r"[A-Za-z0-9]+\.[0-9]+(?:(?:, | and | to )(?:[A-Za-z0-9]+\.)?[0-9]+)*: ")


class ActionWording(NamedTuple):
    """What an action is about, what of a resource is wrong to it, what it writes, and what else to know."""

    about: str
    wrong: str
    written: str
    notes: str


def controls_of(action: Action) -> list[str]:
    """Return the controls of an action, `EC2.9` before `EC2.13`."""
    return sorted(action.controls, key=by_number)


def described(action: Action) -> dict[str, Any]:
    """Return an action as `posture builtins -o json` prints it.

    `{name, controls, resourceTypes, parameters: [{name, default, required, description}],
    iam: {read, write, undo}, risk, undo}`.
    """
    return {
        "name": action.name,
        "controls": controls_of(action),
        "resourceTypes": sorted(action.works_on.types),
        "parameters": [_parameter(each) for each in action.parameters],
        "iam": {name: list(actions) for name, actions in action.iam._asdict().items()},
        "risk": action.risk,
        "undo": action.undo_says,
    }


def wording(action: Action) -> ActionWording:
    """Return what the docstrings of an action say."""
    module = sys.modules[type(action).__module__]
    own = action.about if isinstance(action, Setting) else ""
    about = own or _LEAD.sub("", inspect.getdoc(module) or "", count=1)
    judged = inspect.getdoc(type(action).judge) or ""
    written = inspect.getdoc(type(action).write) or ""
    if isinstance(action, PartByPart):
        written = f"{action.summary}."
    if isinstance(action, Setting) and type(action).judge is Setting.judge:
        judged = f"`{action.part}` is not as the control wants it."
    return ActionWording(_sentence(about), judged, written, inspect.getdoc(type(action)) or "")


def default_of(parameter: Parameter) -> str:
    """Say what holds where a rule does not write the parameter."""
    if parameter.required:
        return "A rule must write it."
    return f"Default: {'none' if parameter.default is None else parameter.default}."


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "default": parameter.default,
        "required": parameter.required,
        "description": parameter.says,
    }


def by_number(control: str) -> tuple[str, int, str]:
    """Return what orders controls: `EC2.9` before `EC2.13`."""
    match = _CONTROL.fullmatch(control)
    return (match[1], int(match[2]), control) if match else (control, 0, control)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
