"""Strings of a stated shape and rules over fields, each said once for Python and for the API server.

A constraint of JSON schema alone answers `should match '^…$'`; a CEL rule carries a message that says what to
write. Both engines see the same pattern, so it keeps to what Python's `re` and RE2 read alike.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_Text = TypeVar("_Text")

RULES = "x-kubernetes-validations"

_ONES = (0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
WHITE_SPACE = "".join(map(chr, (*range(0x9, 0xE), *range(0x2000, 0x200B), *_ONES)))
"""What `trim` of CEL takes off: Unicode's White_Space. Python's `strip` takes off four characters more."""

_READ_DIFFERENTLY = re.compile(r"\\[sS]")


@dataclass(frozen=True)
class CelRule:
    """A CEL rule of the API server (`x-kubernetes-validations`), with the message that a user sees.

    `holds` is the same rule over the parsed model, for what the operator's own code relies on.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool] | None = None

    def document(self) -> dict[str, Any]:
        """Give the entry of `x-kubernetes-validations`."""
        return {"rule": self.cel, "message": self.message}


def exactly_one(*fields: str) -> CelRule:
    """Make the rule of a union: one of the fields (spelled as in the API) is set, and no other."""
    count = " + ".join(f"(has(self.{field}) ? 1 : 0)" for field in fields)
    return CelRule(
        cel=f"{count} == 1",
        message=f"write exactly one of {', '.join(fields)}",
        holds=lambda model: sum(field in _set_fields(model) for field in fields) == 1,
    )


def at_least_one(*fields: str) -> CelRule:
    """Make the rule that one of the fields (spelled as in the API) is set."""
    return CelRule(
        cel=" || ".join(f"has(self.{field})" for field in fields),
        message=f"write at least one of {', '.join(fields)}",
        holds=lambda model: any(field in _set_fields(model) for field in fields),
    )


def fixed_choice(*fields: str) -> CelRule:
    """Make the transition rule that the chosen member of a union stays the chosen one."""
    same = " && ".join(f"has(self.{field}) == has(oldSelf.{field})" for field in fields)
    return CelRule(
        cel=same,
        message=f"the choice between {', '.join(fields)} is immutable: make a new object instead",
    )


@dataclass(frozen=True)
class Immutable:
    """The transition rule, put on a field's type, that its value never changes once it was written."""

    what: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        rule = CelRule("self == oldSelf", f"{self.what} is immutable: make a new object instead")
        schema = handler(core)
        return {**schema, RULES: [*schema.get(RULES, []), rule.document()]}


def _set_fields(model: Any) -> set[str]:  # noqa: ANN401 -- any model; pydantic's own type would be a cycle
    """Name the fields that are present, as the API spells them."""
    return set(model.model_dump(by_alias=True, exclude_none=True))


@dataclass(frozen=True)
class Shape:
    """A string of `least` to `most` characters.

    Raises ValueError for a pattern with a class that the engines read differently: a vertical tab is white
    space to Python and none to RE2, so what the API server had accepted would be unreadable here.
    """

    pattern: str
    """All of the string matches it; empty: any text."""
    say: str
    """What to write."""
    most: int
    least: int = 1
    also: str = ""
    """A CEL expression over `self` that must hold too (a duration's least value, say)."""
    check: Callable[[str], bool] | None = None
    """The same as `also`, in Python."""

    def __post_init__(self) -> None:
        """Refuse what would be read differently."""
        if _READ_DIFFERENTLY.search(self.pattern):
            raise ValueError(f"{self.pattern!r}: list the characters, the engines differ about white space")

    def fits(self, text: str) -> bool:
        """Tell whether a text has this shape."""
        if not self.least <= len(text) <= self.most:
            return False
        if self.pattern and not re.fullmatch(self.pattern, text, re.ASCII):
            return False
        return self.check is None or self.check(text)

    def json_schema(self) -> dict[str, Any]:
        """Give the structural schema of a string of this shape."""
        schema: dict[str, Any] = {"type": "string", "maxLength": self.most}
        if self.least:
            schema["minLength"] = self.least
        tests = [f"self.matches({_cel_string(f'^(?:{self.pattern})$')})"] if self.pattern else []
        tests += [self.also] if self.also else []
        if tests:
            schema[RULES] = [CelRule(" && ".join(tests), self.say).document()]
        return schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 -- pydantic's protocol
        return core_schema.no_info_after_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core), **self.json_schema()}

    def _validate(self, value: _Text) -> _Text:
        if not self.fits(str(value)):
            raise ValueError(self.say)
        return value


def _cel_string(text: str) -> str:
    """Quote a text as a CEL string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
