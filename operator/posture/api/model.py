"""What every part of every kind has in common: spelling, strictness, rules."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from posture.api.shapes import RULES, CelRule

_REQUEST_LENGTH = 1024
REQUESTED_AT = "posture.dev/requestedAt"
"""The annotation that asks for a run at once, by any new value."""


class Spec(BaseModel):
    """A declared part of an object: camelCase on the wire, snake_case in Python, nothing unknown.

    The API server prunes unknown fields, so one that arrives comes from CRDs newer than this operator; it may
    narrow what is meant, and is refused.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )
    rules: ClassVar[tuple[CelRule, ...]] = ()

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        for rule in self.rules:
            if rule.holds is not None and not rule.holds(self):
                raise ValueError(rule.message)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        if cls.rules:
            handler.resolve_ref_schema(schema)[RULES] = [r.document() for r in cls.rules]
        return schema


class Observed(Spec):
    """A part that the operator or the API server writes: what a newer version added is ignored."""

    model_config = ConfigDict(extra="ignore")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002 -- what is frozen needs no deep copy
        """Return the part with some fields replaced, checked and fitted as those of a new one are.

        Pydantic's own takes whatever it is given, which the API server then refuses with all the rest. Raises
        ValidationError for what does not fit.
        """
        fields = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self).model_validate({**fields, **(update or {})})

    def to_api(self) -> dict[str, Any]:
        """Give the part as the API takes it: camelCase, JSON values, absent fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Metadata(Observed):
    """The metadata of an object that the operator reads."""

    name: str
    namespace: str
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    annotations: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    finalizers: tuple[str, ...] = ()

    @property
    def requested_at(self) -> str | None:
        """Give the annotation that asks for a run at once, as far as status can repeat it."""
        value = self.annotations.get(REQUESTED_AT)
        return None if value is None else value[:_REQUEST_LENGTH]

    @property
    def being_deleted(self) -> bool:
        """Tell whether the object waits for its finalizers."""
        return self.deletion_timestamp is not None
