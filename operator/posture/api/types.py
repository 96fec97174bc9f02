"""The words of the API: strings with a shape, lists with bounds, enumerations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_snake
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from posture.api.durations import Duration, duration_shape
from posture.api.shapes import Shape
from posture.domain.arns import QUEUE_URL, ROLE_ARN, ROLE_NAME, STANDARD
from posture.domain.text import printable
from posture.domain.time import instant_of, text_of

# What paces calls to AWS is not faster than this: the quota belongs to everybody.
PacedDuration = Annotated[Duration, duration_shape("5s")]
PositiveDuration = Annotated[Duration, duration_shape("0s", above=True)]
AnyDuration = Annotated[Duration, duration_shape("0s")]


def _rfc3339(moment: datetime) -> str:
    return text_of(instant_of(moment))


def _shortened_to(most: int, *, verbatim: bool = False) -> Callable[[object], object]:
    def shorten(value: object) -> object:
        if not isinstance(value, str):
            return value
        value = value if verbatim else printable(value)
        # Half a surrogate pair is a text to Python, and to nobody whom it is sent to.
        text = value.encode(errors="replace").decode()
        return text[: most - 1] + "…" if len(text) > most else text

    return shorten


def such_as(kind: Any) -> AfterValidator:  # noqa: ANN401 -- a type made by Annotated
    """Hold a text to a type of this module, without the API server's doing so: rules cost in long lists."""
    return AfterValidator(TypeAdapter(kind).validate_python)


def _not_after_now(moment: datetime, info: ValidationInfo) -> datetime:
    now: datetime | None = (info.context or {}).get(NOW)
    if now is not None and moment > now:
        raise ValueError("this moment is still to come")
    return moment


NOW = "now"
"""What the context of a validation calls the moment after which a `Past` is none."""

# To the second, as Kubernetes writes times.
Time = Annotated[
    AwareDatetime,
    PlainSerializer(_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40}),
]
# When something was: whoever reads it back says what moment it is now.
Past = Annotated[Time, AfterValidator(_not_after_now)]

AccountId = Annotated[str, Shape(r"[0-9]{12}", "write the 12 digits of an account id, in quotes", 12)]
AccountGlob = Annotated[
    str,
    Shape(
        r"[0-9?]{12}|[0-9?]{0,12}[*][0-9?*]{0,12}",
        "write the 12 digits of an account id in quotes, or a glob such as 1111* or *",
        24,
    ),
]
Region = Annotated[
    str, Shape(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}", "write a Region such as eu-west-1", 32)
]
RegionGlob = Annotated[str, Shape(r"[a-z0-9?*-]+", "write a Region or a glob such as eu-*", 32)]
RoleArn = Annotated[
    str,
    Shape(
        ROLE_ARN,
        "write a role's ARN such as arn:aws:iam::111122223333:role/posture-reader",
        512,
    ),
]
RoleName = Annotated[
    str,
    Shape(ROLE_NAME, "write the name of a role, not its ARN: up to 64 of letters, digits and _+=,.@-", 64),
]
QueueUrl = Annotated[
    str,
    Shape(
        QUEUE_URL,
        "write the URL of a standard queue such as https://sqs.eu-west-1.amazonaws.com/111122223333/posture",
        256,
    ),
]
ObjectName = Annotated[
    str,
    Shape(
        r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?",
        "write the name of an object in this namespace: up to 63 of a-z, 0-9, - and .",
        63,
    ),
]
OutputName = Annotated[
    str,
    Shape(
        r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?",
        "write the name of an output of the configuration file: up to 63 of a-z, 0-9 and -",
        63,
    ),
]
Standard = Annotated[
    str,
    Shape(
        rf"[*]|{STANDARD}",
        "write a standard such as aws-foundational-security-best-practices/v/1.0.0 "
        "(its ARN after standards/ or ruleset/), or * for all of AWS that are enabled",
        128,
    ),
]
ControlId = Annotated[
    str,
    Shape(
        r"[A-Za-z][A-Za-z0-9]*\.[0-9]+",
        "write one security control id such as S3.11; globs are not allowed",
        64,
    ),
]
ProductName = Annotated[str, Shape("", "write a product's name such as Security Hub or GuardDuty", 128)]
Glob = Annotated[str, Shape("", "write a value or a glob such as *-prod", 128)]
LongGlob = Annotated[str, Shape("", "write a value or a glob such as arn:aws:s3:::logs-*", 512)]
TagKey = Annotated[str, Shape("", "write the key of a tag, up to 128 characters", 128)]
TagValue = Annotated[str, Shape("", "write the value of a tag, up to 256 characters", 256, least=0)]
ShortText = Annotated[str, Shape("", "write up to 100 characters", 100)]
Word = Annotated[str, Shape("", "write up to 128 characters", 128, least=0)]
Text = Annotated[str, Shape("", "write up to 1024 characters", 1024, least=0)]

# What a status shows is shortened to what the API takes: a long name must not keep the rest from being shown.
# It is printed by whoever reads it, kubectl or a dashboard, so what a terminal would act on is escaped.
Line = Annotated[str, BeforeValidator(_shortened_to(128)), Field(max_length=128)]
Paragraph = Annotated[str, BeforeValidator(_shortened_to(1024)), Field(max_length=1024)]
Message = Annotated[str, BeforeValidator(_shortened_to(2048)), Field(max_length=2048)]
# What is compared with what it repeats.
Verbatim = Annotated[str, BeforeValidator(_shortened_to(1024, verbatim=True)), Field(max_length=1024)]
Percent = Annotated[int, Field(ge=0, le=100)]


def bounded(most: int, *, least: int = 0, unique: bool = False, keys: Sequence[str] = ()) -> Any:  # noqa: ANN401 -- what Field returns
    """Bound a list: its length, and how server-side apply merges it (by value, by keys, or as a whole)."""
    merge: dict[str, Any] = {"x-kubernetes-list-type": "set" if unique else "map" if keys else "atomic"}
    if keys:
        merge["x-kubernetes-list-map-keys"] = list(keys)
    return Field(min_length=least or None, max_length=most, json_schema_extra=merge)


@dataclass(frozen=True)
class Kept:
    """The bound of a list of a status: the first `most` are kept, of those that are alike the first.

    Whatever exceeds it would have the API server refuse the whole status. `keys` as for `bounded`, as the API
    spells them; without them, of a list of texts, the texts themselves are what is alike.
    """

    most: int
    keys: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 -- pydantic's protocol
        return core_schema.no_info_after_validator_function(self._keep, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        merge: dict[str, Any] = {"x-kubernetes-list-type": "map" if self.keys else "set"}
        if self.keys:
            merge["x-kubernetes-list-map-keys"] = list(self.keys)
        return {**handler(core), "maxItems": self.most, **merge}

    def _keep(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        names = tuple(map(to_snake, self.keys))
        first: dict[object, Any] = {}
        for each in items:
            first.setdefault(tuple(getattr(each, name) for name in names) if names else each, each)
        return tuple(islice(first.values(), self.most))


class SeverityLabel(StrEnum):
    """`Severity.Label` of ASFF, as Security Hub spells it."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFORMATIONAL = "INFORMATIONAL"
