"""ELB.12: application load balancers that guard against HTTP desync attacks."""

from posture.remediation.actions.contract import Json
from posture.remediation.actions.elb.balancers import BalancerAttribute
from posture.remediation.actions.elb.desync import DEFENSIVE, RISK, guards


class SetDesyncMitigation(BalancerAttribute):
    """The stricter of the two modes that are right stays where it is set."""

    name = "elb-set-desync-mitigation"
    controls = frozenset({"ELB.12"})
    risk = RISK
    undo_says = "The mode is as before."
    part = "routing.http.desync_mitigation_mode"
    right = DEFENSIVE
    summary = "Set the desync mitigation mode of the load balancer to defensive"

    def is_right(self, present: Json) -> bool:
        """Whether the mode guards."""
        return guards(present)


ACTION = SetDesyncMitigation()
