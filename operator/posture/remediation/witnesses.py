"""Builtin actions as witnesses: they know how resources of a type are read, whatever is done to them.

A document does what its content says, and the operator does not know that. What it must know all the same of
the resource is read by the builtin action for its type: that it exists and whose it is, all its tags, and,
where the action is about the same control, whether it is wrong.
"""

from functools import cache
from typing import NamedTuple

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, WorksOn
from posture.remediation.actions.contract import Action
from posture.remediation.actions.registry import builtin_actions

OWNERSHIP = frozenset(
    {
        Reason.RESOURCE_GONE,
        Reason.ACCOUNT_MISMATCH,
        Reason.NOT_OWNER,
        Reason.MANAGED_BY_AWS,
        Reason.MANAGED_BY_POLICY,
    }
)
"""What a witness refuses of a resource as such; all else it refuses is about what it would write itself."""


class Witness(NamedTuple):
    """A builtin action that works on the type. `judges`: it is about a control of the resource too."""

    action: Action
    judges: bool


def witness_of(of_type: str, controls: frozenset[str]) -> Witness | None:
    """Return who can tell of a resource of an ASFF type, with findings of these controls; None: nobody."""
    if of_type not in witnessed().types:
        return None
    fitting = [each for each in builtin_actions().values() if of_type in each.works_on.types]
    judging = [each for each in fitting if each.controls & controls]
    return Witness((judging or fitting)[0], bool(judging))


def witnesses() -> tuple[Action, ...]:
    """Return all actions that may be asked about a resource."""
    types = witnessed().types
    return tuple(each for each in builtin_actions().values() if each.works_on.types & types)


@cache
def witnessed() -> WorksOn:
    """Return what documents can be run on.

    No account as a whole: which of its resources a document touches, and so whose tags count, is not known.
    """
    types = frozenset[str]().union(*(each.works_on.types for each in builtin_actions().values()))
    return WorksOn(types - {ACCOUNT})
