"""Why an action may leave a resource alone, read from its source: the reasons and the sentences it gives.

The sentences are those that people see in a plan, so no second list of them can go out of date. Numbers and
names that are put into one are shown as `…`.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import NamedTuple

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import Action

_ACTIONS = "posture.remediation.actions."
_ALL = f"{_ACTIONS}contract"
"""What it says holds for every action."""
_FEWEST_WORDS = 3
"""A sentence with fewer says nothing without what is put into it."""
_GIVEN_BY = {"Refused": 0, "Spared": 1}
"""What carries a reason, and at which place; the sentence follows it."""
GENERAL = frozenset({Reason.UNREADABLE, Reason.RESOURCE_GONE, Reason.ACCOUNT_MISMATCH})
"""Reasons that every action has, and that are told in one place."""


class Refusal(NamedTuple):
    """A reason of its own, and how the action says it."""

    reason: Reason
    says: str


def own_refusals(action: Action) -> list[Refusal]:
    """Return why the action may refuse a resource or spare a part of it, beside what holds for all of them.

    From the methods that the action has, and the functions of actions' modules that these call.
    """
    found: dict[Refusal, None] = {}
    for function in _reached(type(action)):
        for call in _calls(function):
            refusal = _refusal(call)
            if refusal is not None and refusal.reason not in GENERAL:
                found[refusal] = None
    return sorted(found)


def _reached(kind: type[Action]) -> list[FunctionType]:
    """Return the functions that run for an action, those of the actions' own modules."""
    names = {name for base in kind.__mro__ for name in vars(base)}
    waiting = [each for name in sorted(names) if isinstance(each := getattr(kind, name), FunctionType)]
    found: dict[FunctionType, None] = {}
    while waiting:
        function = waiting.pop()
        if function in found or not function.__module__.startswith(_ACTIONS) or function.__module__ == _ALL:
            continue
        found[function] = None
        waiting += _called(function, kind)
    return list(found)


def _called(function: FunctionType, kind: type[Action]) -> Iterator[FunctionType]:
    for name in function.__code__.co_names:
        known = function.__globals__.get(name)
        if isinstance(known, FunctionType):
            yield known
    if "super" in function.__code__.co_names:
        bases = [base for base in kind.__mro__ if function.__name__ in vars(base)]
        above = bases[bases.index(_owner(function, bases)) + 1 :]
        if above and isinstance(inherited := vars(above[0])[function.__name__], FunctionType):
            yield inherited


def _owner(function: FunctionType, bases: list[type]) -> type:
    return next(base for base in bases if vars(base)[function.__name__] is function)


def _calls(function: FunctionType) -> Iterator[ast.Call]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _refusal(call: ast.Call) -> Refusal | None:
    if not (isinstance(call.func, ast.Name) and call.func.id in _GIVEN_BY):
        return None
    reason, says = call.args[_GIVEN_BY[call.func.id] :][:2]
    if not (isinstance(reason, ast.Attribute) and isinstance(says, ast.Constant | ast.JoinedStr)):
        return None
    text = _text(says)
    words = [word for word in text.split() if "…" not in word]
    return Refusal(Reason[reason.attr], text) if len(words) >= _FEWEST_WORDS else None


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
