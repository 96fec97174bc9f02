"""ELB.14: classic load balancers that guard against HTTP desync attacks."""

from collections.abc import Mapping
from typing import Any

from posture.remediation.actions.contract import Json
from posture.remediation.actions.elb.classic import ClassicAttribute
from posture.remediation.actions.elb.desync import DEFENSIVE, RISK, guards
from posture.remediation.actions.setting import pairs

_ATTRIBUTES, _MODE = "AdditionalAttributes", "elb.http.desyncmitigationmode"


class SetClassicDesyncMitigation(ClassicAttribute):
    """The stricter of the two modes that are right stays where it is set."""

    name = "elb-classic-set-desync-mitigation"
    controls = frozenset({"ELB.14"})
    risk = RISK
    undo_says = "The mode is as before."
    part = "desyncMitigationMode"
    right = DEFENSIVE
    summary = "Set the desync mitigation mode of the load balancer to defensive"

    def value_of(self, attributes: Mapping[str, Any]) -> Json:
        """Return the mode."""
        return dict(pairs(attributes.get(_ATTRIBUTES, []))).get(_MODE)

    def attributes_of(self, value: Json) -> dict[str, Any]:
        """Return the attribute: of the additional ones it is sent alone."""
        return {_ATTRIBUTES: [{"Key": _MODE, "Value": value}]}

    def is_right(self, present: Json) -> bool:
        """Whether the mode guards."""
        return guards(present)


ACTION = SetClassicDesyncMitigation()
