"""The words of the API: strings with a shape, lists with bounds, enumerations."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from posture.api.durations import Duration, duration_shape
from posture.api.shapes import Shape

# What paces calls to AWS is not faster than this: the quota belongs to everybody.
PacedDuration = Annotated[Duration, duration_shape("5s")]
PositiveDuration = Annotated[Duration, duration_shape("0s", above=True)]
AnyDuration = Annotated[Duration, duration_shape("0s")]


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shortened_to(most: int) -> Callable[[object], object]:
    def shorten(value: object) -> object:
        return value[: most - 1] + "…" if isinstance(value, str) and len(value) > most else value

    return shorten


# To the second, as Kubernetes writes times.
Time = Annotated[
    AwareDatetime,
    PlainSerializer(_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40}),
]

# IAM user guide, "IAM identifiers" and quotas: a role name has at most 64 of these characters.
_ROLE_NAME = r"[A-Za-z0-9_+=,.@-]{1,64}"
# Partition, account and Region as in ARNs (AWS General Reference, "Amazon Resource Names").
_PARTITION = r"aws(?:-[a-z]+)*"
_STANDARD = r"[a-z0-9][a-z0-9-]*/v/[0-9A-Za-z.]+"

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
        rf"arn:{_PARTITION}:iam::[0-9]{{12}}:role/(?:[A-Za-z0-9_+=,.@-]+/)*{_ROLE_NAME}",
        "write a role's ARN such as arn:aws:iam::111122223333:role/posture-reader",
        512,
    ),
]
RoleName = Annotated[
    str,
    Shape(_ROLE_NAME, "write the name of a role, not its ARN: up to 64 of letters, digits and _+=,.@-", 64),
]
ObjectName = Annotated[
    str,
    Shape(
        r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?",
        "write the name of an object in this namespace: up to 63 of a-z, 0-9, - and .",
        63,
    ),
]
Standard = Annotated[
    str,
    Shape(
        rf"[*]|{_STANDARD}",
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
Line = Annotated[str, BeforeValidator(_shortened_to(128)), Field(max_length=128)]
Paragraph = Annotated[str, BeforeValidator(_shortened_to(1024)), Field(max_length=1024)]
Percent = Annotated[int, Field(ge=0, le=100)]


def bounded(most: int, *, least: int = 0, unique: bool = False, keys: Sequence[str] = ()) -> Any:  # noqa: ANN401 -- what Field returns
    """Bound a list: its length, and how server-side apply merges it (by value, by keys, or as a whole)."""
    merge: dict[str, Any] = {"x-kubernetes-list-type": "set" if unique else "map" if keys else "atomic"}
    if keys:
        merge["x-kubernetes-list-map-keys"] = list(keys)
    return Field(min_length=least or None, max_length=most, json_schema_extra=merge)


class SeverityLabel(StrEnum):
    """`Severity.Label` of ASFF, as Security Hub spells it."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFORMATIONAL = "INFORMATIONAL"
