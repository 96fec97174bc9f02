"""Athena: changing a workgroup, and what is said of one that is not there."""

from collections.abc import Mapping
from typing import Any

from moto.backends import get_backend

from sandbox.services.call import Answer, Call, Refusal, Service

SERVICE = Service("athena")
_REMOVE, _RESULTS, _UPDATES = "Remove", "ResultConfiguration", "Updates"
_WORK_GROUP = ":workgroup/"


def _backend(call: Call) -> Any:  # noqa: ANN401 - moto's backends differ
    return get_backend("athena")[call.account][call.region]


def _work_group(call: Call, name: str) -> Any:  # noqa: ANN401 - as above
    try:
        return _backend(call).work_groups[name]
    except KeyError as error:
        raise Refusal("InvalidRequestException", f"WorkGroup {name} is not found.") from error


def _update(configuration: dict[str, Any], updates: Mapping[str, Any]) -> None:
    """Change what is named, and take away what is said to be removed."""
    for member, value in updates.items():
        if member == _RESULTS + _UPDATES:
            _update(configuration.setdefault(_RESULTS, {}), value)
        elif not member.startswith(_REMOVE):
            configuration[member] = value
        elif value:
            configuration.pop(member.removeprefix(_REMOVE), None)


@SERVICE.answers("GetWorkGroup")
def get_work_group(call: Call) -> Answer:
    """Refuse a workgroup that is not there: moto answers with none."""
    _work_group(call, call.parameters["WorkGroup"])
    return call.moto()


@SERVICE.answers("UpdateWorkGroup")
def update_work_group(call: Call) -> Answer:
    """Change a workgroup."""
    group = _work_group(call, call.parameters["WorkGroup"])
    _update(group.configuration, call.parameters.get("ConfigurationUpdates", {}))
    group.description = call.parameters.get("Description", group.description)
    group.state = call.parameters.get("State", group.state)
    return {}


@SERVICE.answers("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Answer:
    """Return no tags where there are none: moto takes that for a resource that is not there."""
    arn, backend = call.parameters["ResourceARN"], _backend(call)
    _, is_group, name = arn.partition(_WORK_GROUP)
    if not is_group:
        return call.moto()
    if name not in backend.work_groups:
        raise Refusal("ResourceNotFoundException", f"WorkGroup {name} is not found.")
    return {"Tags": backend.tagger.list_tags_for_resource(arn)["Tags"]}
