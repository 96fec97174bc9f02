"""CloudFront: configurations as they were sent, each with a version that is asked for before it is changed.

moto keeps the distributions, but forgets members of their configurations, and takes any version.
"""

import uuid
from copy import deepcopy
from typing import Any, NamedTuple

from sandbox.services.call import Answer, Call, Refusal, Service

SERVICE = Service("cloudfront")


class _Kept(NamedTuple):
    configuration: dict[str, Any]
    version: str


# By account and id.
_KEPT: dict[tuple[str, str], _Kept] = {}


def _keep(call: Call, distribution: str) -> str:
    version = f"E{uuid.uuid4().hex[:13].upper()}"
    configuration = deepcopy(dict(call.parameters["DistributionConfig"]))
    _KEPT[call.account, distribution] = _Kept(configuration, version)
    return version


def _kept(call: Call) -> _Kept:
    try:
        return _KEPT[call.account, call.parameters["Id"]]
    except KeyError as error:
        raise Refusal("NoSuchDistribution", "The specified distribution does not exist.") from error


def _check_version(call: Call) -> _Kept:
    kept, asked = _kept(call), call.parameters.get("IfMatch")
    if not asked:
        raise Refusal("InvalidIfMatchVersion", "The If-Match version is missing or not valid.")
    if asked != kept.version:
        raise Refusal("PreconditionFailed", "The request failed because it didn't meet the preconditions.")
    return kept


@SERVICE.answers("CreateDistribution")
def create_distribution(call: Call) -> Answer:
    """Keep the configuration."""
    answer = call.moto()
    return {**answer, "ETag": _keep(call, answer["Distribution"]["Id"])}


@SERVICE.answers("GetDistributionConfig")
def get_distribution_config(call: Call) -> Answer:
    """Return it with its version."""
    kept = _kept(call)
    return {"DistributionConfig": kept.configuration, "ETag": kept.version}


@SERVICE.answers("UpdateDistribution")
def update_distribution(call: Call) -> Answer:
    """Change it, if the version is the last."""
    _check_version(call)
    return {**call.moto(), "ETag": _keep(call, call.parameters["Id"])}


@SERVICE.answers("DeleteDistribution")
def delete_distribution(call: Call) -> Answer:
    """Delete one that is off, if the version is the last."""
    if _check_version(call).configuration["Enabled"]:
        raise Refusal("DistributionNotDisabled", "The distribution you are trying to delete is enabled.")
    call.moto()
    del _KEPT[call.account, call.parameters["Id"]]
    return {}


@SERVICE.answers("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Answer:
    """Refuse what is not there: moto says that it has no tags."""
    arn = call.parameters["Resource"]
    _, is_distribution, name = arn.partition(":distribution/")
    if is_distribution and (call.account, name) not in _KEPT:
        raise Refusal("NoSuchResource", "The specified resource does not exist.")
    return call.moto()
