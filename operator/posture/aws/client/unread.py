"""What an answer has and the client's model does not: lost where it is sent back whole."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

UNREAD = "UnreadMembers"
"""Where an answer that is one document has the names of what was not read of it, if there is any."""

_SUCCESS = 300
_REST_XML = "rest-xml"


def note_unread(
    operation_model: Any,  # noqa: ANN401 - botocore has no types
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: object,
) -> None:
    """Note elements of a document that its shape does not have (botocore's `before-parse`, after all checks).

    A service adds settings to its API at any time, and an older model passes them over in silence.
    """
    shape = operation_model.output_shape
    payload = shape is not None and shape.serialization.get("payload")
    if (
        operation_model.service_model.resolved_protocol != _REST_XML
        or response_dict["status_code"] >= _SUCCESS
        or not payload
        or shape.members[payload].type_name != "structure"
    ):
        return
    root = ET.fromstring(response_dict["body"])  # noqa: S314 - botocore does the same with it
    unread = sorted(set(_unread(root, shape.members[payload])))
    if unread:
        customized_response_dict[UNREAD] = unread


def _unread(element: ET.Element, shape: Any) -> Iterator[str]:  # noqa: ANN401 - botocore has no types
    """Yield the names of elements that a shape does not have, at any depth."""
    if shape.type_name == "structure":
        known = {each.serialization.get("name", name): each for name, each in shape.members.items()}
    elif shape.type_name == "list":
        known = {shape.member.serialization.get("name", "member"): shape.member}
    else:
        return
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name not in known:
            yield name
            continue
        inner = known[name]
        yield from _unread(child, inner.member if inner.serialization.get("flattened") else inner)
