"""What is imported: rules of other tools, each as what it selects, or as why that cannot be said."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from posture.domain.selection.expressions import NoGlobError, globs_of_search
from posture.domain.selection.selectors import is_wild

Selector: TypeAlias = Mapping[str, Any]
"""As the API spells it, but for the lengths of its lists, which are cut to what the API takes later."""


class NotReadableError(ValueError):
    """A file is not of the format that it is said to be; the message says where and why."""


class CannotSayError(ValueError):
    """A rule selects what no policy can; the message says what of it, and what to write instead."""


class ImportedRule(NamedTuple):
    """A rule, and the findings that it selects: any of `match` and none of `exceptions`."""

    place: str
    """Where it stands, as `rule 2, line 14`."""
    about: str
    """What its policy is named after."""
    identity: str
    """What tells it from all other rules of its file, so that its policy keeps its name."""
    match: Sequence[Selector]
    exceptions: Sequence[Selector] = ()
    why: str = ""
    """Its own words for a justification; empty where it has none."""
    approved_by: str = ""
    expires_at: str = ""
    reference: str = ""
    remarks: tuple[str, ...] = ()
    """What people are to know of the translation."""


class LeftOut(NamedTuple):
    """A rule that is not translated, and why."""

    place: str
    says: str


class Imported(NamedTuple):
    """What a file holds, in its order. `remarks`: what is to be known of all of it."""

    entries: Sequence[ImportedRule | LeftOut]
    remarks: tuple[str, ...] = ()


def as_it_is(field: str, value: str) -> str:
    """Return a value that fits itself alone when it is taken for a glob. Raises CannotSayError."""
    if is_wild(value):
        raise CannotSayError(
            f"{field} {value!r} holds a wildcard that is meant as itself, which globs cannot say: write a"
            " policy by hand, with a glob that fits it and nothing else"
        )
    return value


def searched(field: str, expressions: Sequence[str]) -> tuple[str, ...]:
    """Return the globs of a list of expressions of which any is found. Raises CannotSayError."""
    globs: dict[str, None] = {}
    for place, expression in enumerate(expressions):
        try:
            globs.update(dict.fromkeys(globs_of_search(expression)))
        except NoGlobError as error:
            raise CannotSayError(f"{field}[{place}] `{expression}`: {error}") from None
    return ("*",) if "*" in globs else tuple(globs)
