"""A finding in which some field has the wrong JSON type → what can still be read of it.

This is the slow way, taken only for the finding that the typed decoder refuses.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from posture.aws.asff import (
    AssociatedStandard,
    ComplianceFields,
    FindingFields,
    NoteFields,
    ProductFields,
    ResourceFields,
    SeverityFields,
    WorkflowFields,
)

Shape = TypeVar("Shape", bound=msgspec.Struct)

_OBJECTS: Mapping[str, type[msgspec.Struct]] = {
    "compliance": ComplianceFields,
    "severity": SeverityFields,
    "workflow": WorkflowFields,
    "note": NoteFields,
    "product_fields": ProductFields,
}
_LISTS: Mapping[str, type[msgspec.Struct]] = {
    "resources": ResourceFields,
    "associated_standards": AssociatedStandard,
}
_MAPS = frozenset({"tags", "user_defined_fields"})


def salvage(value: object, notes: list[str]) -> FindingFields:
    """Read what has the right type out of a decoded finding; each field that has not is named in `notes`.

    Raises msgspec.ValidationError where the value is not an object at all.
    """
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"a finding must be an object, not {type(value).__name__}")
    return _object(value, FindingFields, "", notes)


def _object(value: dict[str, Any], shape: type[Shape], path: str, notes: list[str]) -> Shape:
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        if field.encode_name in value:
            part = value[field.encode_name]
            try:
                kept[field.name] = msgspec.convert(part, field.type)
            except msgspec.ValidationError:
                where = f"{path}{field.encode_name}"
                kept[field.name] = _part(part, field.name, where, notes)
    return shape(**kept)


def _part(part: object, name: str, where: str, notes: list[str]) -> object:
    """Keep what is sound inside an object, list or map of the wrong make; None where nothing is."""
    if name in _OBJECTS and isinstance(part, dict):
        return _object(part, _OBJECTS[name], f"{where}.", notes)
    if name in _LISTS and isinstance(part, list):
        shape = _LISTS[name]
        return tuple(
            _object(entry if isinstance(entry, dict) else {}, shape, f"{where}[{index}].", notes)
            for index, entry in enumerate(part)
        )
    notes.append(f"{where} has the wrong type: ignored")
    if name in _MAPS and isinstance(part, dict):
        return {key: text for key, text in part.items() if isinstance(text, str)}
    return None
