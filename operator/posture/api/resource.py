"""The base of every kind: an object of `posture.dev/v1alpha1` with metadata, spec and status.

Reading one may fail: what pydantic found wrong is said in words that say where it is and what to write.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import Field, ValidationError

from posture.api.conditions import Conditions
from posture.api.legible import legible
from posture.api.model import Metadata, Observed, Spec
from posture.api.shapes import CelRule, Immutable
from posture.api.types import NOW, Line, ObjectName, Verbatim
from posture.domain.text import counted

GROUP = "posture.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

# Names become label values and marks on findings, which are shorter than names of objects may be.
_NAME_FITS = CelRule("self.metadata.name.size() <= 63", "metadata.name must have at most 63 characters")


class Column(Spec):
    """A column of `kubectl get`. `wide`: only with `-o wide`."""

    name: str
    path: str
    type: str = "integer"
    description: str = ""
    wide: bool = False


def condition_column(
    name: str, kind: str, description: str, *, part: str = "status", wide: bool = False
) -> Column:
    """Make the column that shows a part (`status`, `reason`) of the condition of type `kind`."""
    path = f'.status.conditions[?(@.type=="{kind}")].{part}'
    return Column(name=name, path=path, type="string", description=description, wide=wide)


AGE = Column(
    name="Age", path=".metadata.creationTimestamp", type="date", description="Since the object was made."
)


class TargetRef(Spec):
    """Names a PostureTarget of the same namespace."""

    name: ObjectName = Field(description="Name of the PostureTarget, in the same namespace.")


ImmutableTargetRef = Annotated[TargetRef, Immutable("targetRef")]


class Status(Observed):
    """What the operator says of an object of any kind."""

    observed_generation: int = Field(
        -1,
        description="The generation of the spec that the status speaks of; -1 before the first evaluation.",
    )
    last_handled_request: Verbatim | None = Field(
        None, description="The value of the annotation `posture.dev/requestedAt` whose run has ended."
    )
    conditions: Conditions = Field((), description="Conditions in the manner of kstatus.")
    writer: Line | None = Field(
        None,
        description="The release of the operator that wrote the status, by namespace and name of its Lease.",
    )


class CustomResource(Observed):
    """An object of one of the kinds. Subclasses say how the API server serves and shows it."""

    plural: ClassVar[str]
    short_name: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    rules: ClassVar[tuple[CelRule, ...]] = (_NAME_FITS,)

    metadata: Metadata

    @classmethod
    def status_model(cls) -> type[Status]:
        """Give the model of the kind's status."""
        model = cls.model_fields["status"].annotation
        if not (isinstance(model, type) and issubclass(model, Status)):
            raise TypeError(f"the status of {cls.__name__} is no Status")
        return model


class InvalidObject(ValueError):  # noqa: N818 -- it names what is wrong, as Kubernetes' reason `Invalid` does
    """An object that the API server took but that makes no sense; `problems` say where and what to write."""

    def __init__(self, kind: str, name: str, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.kind = kind
        self.name = name
        self.problems = problems


_R = TypeVar("_R", bound=CustomResource)
_S = TypeVar("_S", bound=Status)


def read_status(model: type[_S], document: Mapping[str, Any], now: datetime | None = None) -> _S:
    """Read the status of an object as the API server gives it, as far as it can be believed at all.

    A status is read back from where others may write it too, and another version may have written this one.
    What cannot be read is as if it were not there, and so is a moment that was (`Past`) and is after `now`;
    with it goes what means nothing without it. Whether the rest is ours, and still true, is for those to
    decide who show it again.
    """
    return legible(model, document.get("status"), {} if now is None else {NOW: now})


def parse(kind: type[_R], document: Mapping[str, Any]) -> _R:
    """Read an object as the API server gives it (camelCase, JSON values).

    What cannot be read of the status is left out: it is no part of what is declared. Raises InvalidObject
    with every problem that was found with the rest.
    """
    try:
        return kind.model_validate({**document, "status": read_status(kind.status_model(), document)})
    except ValidationError as error:
        name = str(document.get("metadata", {}).get("name", ""))
        raise InvalidObject(kind.__name__, name, problems(error)) from None


Path = tuple[int | str, ...]
"""The way to a value in an object."""

FIELDS = "write fields, as in `name: value`"
TIME = "write a time with its zone, such as 2027-03-31T00:00:00Z"
SAYS = {
    "extra_forbidden": "this operator does not know this field: check its spelling, or upgrade the operator",
    "missing": "this field is required",
    "string_type": "write text, in quotes",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "tuple_type": "write a list",
    "frozen_set_type": "write a list",
    "dict_type": FIELDS,
    "model_type": FIELDS,
    "model_attributes_type": FIELDS,
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"), TIME
    ),
    # Nothing else is read from text into a class of its own.
    "is_instance_of": "write a duration, with its unit, such as 90s, 5m or 24h",
}
"""What is said of a problem, by its type in pydantic."""
_BOUNDS = {"less_than", "less_than_equal", "greater_than", "greater_than_equal"}


def problems(error: ValidationError) -> tuple[str, ...]:
    """Say each problem as `spec.aws.region: write a Region such as eu-west-1`, without the input itself."""
    return tuple(f"{dotted(path)}: {says}" if path else says for path, says in located_problems(error))


def located_problems(error: ValidationError) -> tuple[tuple[Path, str], ...]:
    """Say each problem with the way to it: names of fields as the API spells them, places in lists."""
    details = error.errors(include_input=False, include_url=False)
    return tuple((detail["loc"], _problem(detail)) for detail in details)


def dotted(path: Path) -> str:
    """Write a way as `spec.match[0].controls`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _problem(detail: Mapping[str, Any]) -> str:
    says = detail["msg"].removeprefix("Value error, ")
    says = says.replace("Input should be", "write a number" if detail["type"] in _BOUNDS else "write")
    if detail["type"] in {"too_short", "too_long"}:
        least = detail["type"] == "too_short"
        bound = detail["ctx"]["min_length" if least else "max_length"]
        return f"write at {'least' if least else 'most'} {counted(bound, 'entry', 'entries')}"
    text: str = SAYS.get(detail["type"], says)
    return text
