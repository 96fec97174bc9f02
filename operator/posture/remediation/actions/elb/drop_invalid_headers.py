"""ELB.4: application load balancers that drop HTTP headers with invalid names."""

from posture.remediation.actions.elb.balancers import BalancerAttribute


class DropInvalidHeaders(BalancerAttribute):
    """Valid names are letters, digits and hyphens (user guide, "Load balancer attributes")."""

    name = "elb-drop-invalid-headers"
    controls = frozenset({"ELB.4"})
    risk = "Headers whose names have other characters than letters, digits and hyphens reach no target."
    undo_says = "The attribute is as before."
    part = "routing.http.drop_invalid_header_fields.enabled"
    right = "true"
    summary = "Drop HTTP headers with invalid names"


ACTION = DropInvalidHeaders()
