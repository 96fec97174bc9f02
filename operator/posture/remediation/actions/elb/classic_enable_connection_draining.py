"""ELB.7: classic load balancers that let requests end when an instance leaves."""

from collections.abc import Mapping
from typing import Any

from posture.remediation.actions.contract import Json, Situation
from posture.remediation.actions.elb.classic import ClassicAttribute
from posture.remediation.actions.parameters import Values

_ATTRIBUTE, _ENABLED, _TIMEOUT = "ConnectionDraining", "Enabled", "Timeout"
# What the API takes where none is given: seconds.
_DEFAULT_TIMEOUT = 300


class EnableConnectionDraining(ClassicAttribute):
    """The time that draining takes at most stays as it is."""

    name = "elb-classic-enable-connection-draining"
    controls = frozenset({"ELB.7"})
    risk = "Nothing is cut off; instances leave the load balancer later, once their requests have ended."
    undo_says = "The attribute is as before."
    part = "connectionDraining"
    summary = "Enable connection draining of the load balancer"

    def value_of(self, attributes: Mapping[str, Any]) -> Json:
        """Return whether connections are drained, and the seconds for which they are at most."""
        draining = attributes.get(_ATTRIBUTE, {})
        if _ENABLED not in draining:
            return None
        return {_ENABLED: draining[_ENABLED], _TIMEOUT: draining.get(_TIMEOUT, _DEFAULT_TIMEOUT)}

    def attributes_of(self, value: Json) -> dict[str, Any]:
        """Return both: without its time the API takes its default."""
        return {_ATTRIBUTE: value}

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the same, enabled."""
        del values, situation
        return {**present, _ENABLED: True}


ACTION = EnableConnectionDraining()
