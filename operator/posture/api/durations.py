"""Durations as Kubernetes writes them: `90s`, `5m`, `24h`, `1h30m`."""

import re
from datetime import timedelta
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from posture.api.shapes import Shape
from posture.domain.time import HOUR, MINUTE, SECOND

# In µs, of which a thousandth of each is whole: what is written with three decimals is exact.
_MICROSECONDS = {"ms": SECOND // 1_000, "s": SECOND, "m": MINUTE, "h": HOUR}
_PART = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,3}))?(ms|s|m|h)", re.ASCII)
# Go's parser, which the API server uses, counts nanoseconds in 63 bits: 292 years.
_MOST = (2**63 - 1) // 1_000
_PATTERN = r"(?:[0-9]{1,6}(?:\.[0-9]{1,3})?(?:ms|s|m|h)){1,4}"


class Duration(timedelta):
    """A length of time that remembers how it was written, so that it is written back unchanged.

    Raises ValueError for a text that is not a duration.
    """

    text: str

    def __new__(cls, text: str) -> Self:
        """Read `90s`, `5m`, `24h`, `1h30m`, `1.5h`, `250ms`."""
        if not re.fullmatch(_PATTERN, text, re.ASCII):
            raise ValueError(f"{text!r} is not a duration: write a number and a unit, such as 90s, 5m or 24h")
        thousandths = sum(
            int(whole + decimals.ljust(3, "0")) * _MICROSECONDS[unit]
            for whole, decimals, unit in _PART.findall(text)
        )
        if thousandths // 1_000 > _MOST:
            raise ValueError(f"{text!r} is too long: write a duration of at most {_MOST // HOUR}h")
        self = super().__new__(cls, microseconds=thousandths // 1_000)
        self.text = text
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        """Copy and pickle by the text: timedelta's own way would call the constructor with days."""
        return type(self), (self.text,)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Duration({self.text!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 -- pydantic's protocol
        return core_schema.no_info_before_validator_function(
            cls._read,
            core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
            json_schema_input_schema=core_schema.str_schema(),
        )

    @classmethod
    def _read(cls, value: object) -> object:
        return cls(value) if isinstance(value, str) else value


def duration_shape(least: str = "0s", *, above: bool = False) -> Shape:
    """Make the shape of a duration that is at least `least`, or, with `above`, more than it."""
    bound = Duration(least)
    compare, words = (">", "more than") if above else (">=", "at least")
    return Shape(
        pattern=_PATTERN,
        say=f"write a duration such as 90s, 5m or 24h, {words} {least}",
        most=24,
        also=f"duration(self) {compare} duration('{least}')",
        check=lambda text: Duration(text) > bound if above else Duration(text) >= bound,
    )
