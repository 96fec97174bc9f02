"""All builtin actions by their names: of each module of a service's folder its `ACTION`, or its `ACTIONS`."""

import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType

import posture.remediation.actions as package
from posture.api.action import Builtin
from posture.api.conditions import Trouble
from posture.remediation.actions.contract import Action
from posture.remediation.actions.parameters import ParameterError


def register(actions: Iterable[Action]) -> Mapping[str, Action]:
    """Return actions by name, sorted; ValueError for two of one name."""
    found: dict[str, Action] = {}
    for action in actions:
        if action.name in found:
            raise ValueError(f"two actions are called {action.name}")
        found[action.name] = action
    return MappingProxyType(dict(sorted(found.items())))


@cache
def builtin_actions() -> Mapping[str, Action]:
    """Return all builtin actions; their modules are imported at the first call."""
    modules = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    loaded = (import_module(module.name) for module in modules if not module.ispkg)
    return register(action for module in loaded for action in _actions_of(module))


def _actions_of(module: ModuleType) -> Iterable[Action]:
    """Return the actions of a module: one of its own, or several of one shape."""
    several: Iterable[Action] = getattr(module, "ACTIONS", ())
    return (module.ACTION,) if hasattr(module, "ACTION") else several


def chosen_builtin(builtin: Builtin) -> Action | Trouble:
    """Return the action that a rule names, or why it cannot be carried out with what the rule says."""
    action = builtin_actions().get(builtin.name)
    if action is None:
        return Trouble(
            "UnknownAction",
            f"There is no builtin action {builtin.name}: write one of {', '.join(builtin_actions())} in"
            " spec.action.builtin.name.",
        )
    try:
        action.configure(builtin.parameters)
    except ParameterError as error:
        return Trouble("InvalidParameters", f"spec.action.builtin.parameters: {error}")
    return action
