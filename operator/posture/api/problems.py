"""What pydantic found wrong, in words that say where it is and what to write."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_FIELDS = "write fields, as in `name: value`"
_SAYS = {
    "extra_forbidden": "this operator does not know this field: check its spelling, or upgrade the operator",
    "missing": "this field is required",
    "string_type": "write text, in quotes",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "tuple_type": "write a list",
    "frozen_set_type": "write a list",
    "dict_type": _FIELDS,
    "model_type": _FIELDS,
    "model_attributes_type": _FIELDS,
    # Nothing else is read from text into a class of its own.
    "is_instance_of": "write a duration, with its unit, such as 90s, 5m or 24h",
}
_BOUNDS = {"less_than", "less_than_equal", "greater_than", "greater_than_equal"}


def problems(error: ValidationError) -> tuple[str, ...]:
    """Say each problem as `spec.aws.region: write a Region such as eu-west-1`, without the input itself."""
    return tuple(_problem(detail) for detail in error.errors(include_input=False, include_url=False))


def _problem(detail: Mapping[str, Any]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    says = detail["msg"].removeprefix("Value error, ")
    says = says.replace("Input should be", "write a number" if detail["type"] in _BOUNDS else "write")
    text = _SAYS.get(detail["type"], says)
    return f"{path.removeprefix('.')}: {text}" if path else text
