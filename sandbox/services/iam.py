"""IAM: simulation of what a role may do, by its own policies alone (SimulatePrincipalPolicy)."""

from moto.backends import get_backend
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.models import IAMBackend, Role

from sandbox.securityhub.catalogue import partition_of
from sandbox.services.call import Answer, Call, Refusal, Service

SERVICE = Service("iam")
_DECISIONS = {
    PermissionResult.DENIED: "explicitDeny",
    PermissionResult.PERMITTED: "allowed",
    PermissionResult.NEUTRAL: "implicitDeny",
}


@SERVICE.answers("SimulatePrincipalPolicy")
def simulate_principal_policy(call: Call) -> Answer:
    """Say of each action whether a role's policies, inline and managed, allow it on any resource."""
    role = _role(call)
    policies = [IAMPolicy(document) for document in role.policies.values()]
    policies += [IAMPolicy(policy) for policy in role.managed_policies.values()]
    results = []
    for action in call.parameters["ActionNames"]:
        said = {policy.is_action_permitted(action) for policy in policies}
        decision = next(
            (each for each in (PermissionResult.DENIED, PermissionResult.PERMITTED) if each in said),
            PermissionResult.NEUTRAL,
        )
        results.append(
            {"EvalActionName": action, "EvalResourceName": "*", "EvalDecision": _DECISIONS[decision]}
        )
    return {"EvaluationResults": results, "IsTruncated": False}


def _role(call: Call) -> Role:
    arn = str(call.parameters["PolicySourceArn"])
    backend: IAMBackend = get_backend("iam")[call.account][partition_of(call.region)]
    found = next((each for each in backend.roles.values() if each.arn == arn), None)
    if found is None:
        raise Refusal("NoSuchEntity", f"The role with ARN {arn} cannot be found.")
    return found
