"""ELB.9: classic load balancers that spread requests over the instances of all their zones."""

from collections.abc import Mapping
from typing import Any

from posture.remediation.actions.contract import Json
from posture.remediation.actions.elb.classic import ClassicAttribute

_ATTRIBUTE, _ENABLED = "CrossZoneLoadBalancing", "Enabled"


class EnableCrossZone(ClassicAttribute):
    """One attribute."""

    name = "elb-classic-enable-cross-zone"
    controls = frozenset({"ELB.9"})
    risk = "Nothing is cut off; instances in zones with few of them get less traffic, those in others more."
    undo_says = "The attribute is as before."
    part = "crossZoneLoadBalancing"
    right = True
    summary = "Enable cross-zone load balancing"

    def value_of(self, attributes: Mapping[str, Any]) -> Json:
        """Return whether it is enabled."""
        return attributes.get(_ATTRIBUTE, {}).get(_ENABLED)

    def attributes_of(self, value: Json) -> dict[str, Any]:
        """Return the attribute."""
        return {_ATTRIBUTE: {_ENABLED: value}}


ACTION = EnableCrossZone()
