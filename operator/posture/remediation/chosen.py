"""The builtin action that a rule names, if there is one of that name that takes these parameters."""

from posture.api.action import Builtin
from posture.api.conditions import Trouble
from posture.remediation.actions.contract import Action
from posture.remediation.actions.parameters import ParameterError
from posture.remediation.actions.registry import builtin_actions


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
