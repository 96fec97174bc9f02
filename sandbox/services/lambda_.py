"""Lambda: the policy of a function as a whole, with its revision. moto has single permissions alone."""

import json
import uuid
from typing import Any

from moto.backends import get_backend

from sandbox.services.call import Answer, Call, Refusal, Service

SERVICE = Service("lambda")
_MOST = 20_480


@SERVICE.answers("GetResourcePolicy")
def get_resource_policy(call: Call) -> Answer:
    """Return the policy that moto's own GetPolicy returns."""
    return _answer(_policy(call))


@SERVICE.answers("PutResourcePolicy")
def put_resource_policy(call: Call) -> Answer:
    """Replace all statements, if the policy is still the one of the revision."""
    policy, text = _policy(call), call.parameters["Policy"]
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal("InvalidParameterValueException", "The policy is not valid") from error
    if len(text) > _MOST:
        raise Refusal("PolicyLengthExceededException", "The final policy size is bigger than the limit")
    _check_revision(call, policy)
    policy.statements = statements if isinstance(statements, list) else [statements]
    policy.revision = str(uuid.uuid4())
    return _answer(policy)


@SERVICE.answers("DeleteResourcePolicy")
def delete_resource_policy(call: Call) -> Answer:
    """Delete all statements, if the policy is still the one of the revision."""
    policy = _policy(call)
    _answer(policy)
    _check_revision(call, policy)
    policy.statements = []
    policy.revision = str(uuid.uuid4())
    return {}


def _policy(call: Call) -> Any:  # noqa: ANN401 - moto's own
    backend = get_backend("lambda")[call.account][call.region]
    function = backend._lambdas.get_arn(call.parameters["ResourceArn"])  # noqa: SLF001 - there is no other way
    if function is None:
        raise Refusal("ResourceNotFoundException", f"Function not found: {call.parameters['ResourceArn']}")
    return function.policy


def _answer(policy: Any) -> Answer:  # noqa: ANN401 - as above
    if not policy.statements:
        raise Refusal("ResourceNotFoundException", "The resource you requested does not exist.")
    said = policy.get_policy()
    return {"Policy": json.dumps(said["Policy"]), "RevisionId": said["RevisionId"]}


def _check_revision(call: Call, policy: Any) -> None:  # noqa: ANN401 - as above
    revision = call.parameters.get("RevisionId")
    if revision is not None and (not policy.statements or revision != policy.revision):
        raise Refusal("PreconditionFailedException", "The RevisionId does not match the latest one")
