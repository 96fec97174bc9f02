"""ELB.6: load balancers that nobody deletes by mistake."""

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import LiveState, Refused
from posture.remediation.actions.elb.balancers import BalancerAttribute

# Tags of balancers that a controller in a cluster makes and deletes: of the AWS Load Balancer Controller, of
# EKS Auto Mode, and of the cloud provider of Kubernetes.
_CONTROLLERS = frozenset({"elbv2.k8s.aws/cluster", "eks:eks-cluster-name"})
_CLOUD_PROVIDER, _OWNED = "kubernetes.io/cluster/", "owned"


class ProtectBalancer(BalancerAttribute):
    """Not of balancers that a controller deletes: its deletion would fail."""

    name = "elb-enable-deletion-protection"
    controls = frozenset({"ELB.6"})
    risk = "Deleting the load balancer fails from then on, in tools that manage it too."
    undo_says = "The attribute is as before."
    part = "deletion_protection.enabled"
    right = "true"
    summary = "Protect the load balancer from deletion"

    def check(self, state: LiveState) -> None:
        """Refuse what a controller in a cluster owns."""
        for key, value in state.about["tags"]:
            if key in _CONTROLLERS or (key.startswith(_CLOUD_PROVIDER) and value == _OWNED):
                raise Refused(
                    Reason.NOT_OWNER,
                    f"A controller in a Kubernetes cluster owns it (tag {key}), and could delete it no more:"
                    " set deletion_protection.enabled by an annotation of its Service or Ingress",
                )


ACTION = ProtectBalancer()
