"""Parameters of actions: typed, bounded, and refused before anything is read.

A rule writes them as texts. A list is one text with commas (`22,3389`); a document that already has a list or
a number there means the same.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from posture.api.durations import Duration
from posture.domain.arns import is_kms_key, is_kms_key_arn, is_managed_alias, is_role_name
from posture.domain.time import microseconds

Values: TypeAlias = Mapping[str, Any]
Parse: TypeAlias = Callable[[str], Any]

LAST_PORT = 65_535
_MOST_PORTS = 100


class ParameterError(ValueError):
    """A parameter that an action does not take as it was written; the message says what to write."""


class Parameter(NamedTuple):
    """`default`: the value where none is written; None: there is none. `parse` raises ValueError.

    `required`: a rule must write it.
    """

    name: str
    says: str
    default: str | None
    parse: Parse
    required: bool = False


def read_parameters(declared: tuple[Parameter, ...], given: Mapping[str, object]) -> Values:
    """Return a value, or None, for each declared parameter."""
    names = [each.name for each in declared]
    for name in given:
        if name not in names:
            known = f"write one of {', '.join(names)}" if names else "this action takes none"
            raise ParameterError(f"{name!r} is not a parameter of this action: {known}")
    values: dict[str, Any] = {}
    for each in declared:
        if each.name not in given and each.required:
            raise ParameterError(f"{each.name} is needed: {each.says}")
        if each.name not in given and each.default is None:
            values[each.name] = None
            continue
        try:
            values[each.name] = each.parse(_text(given.get(each.name, each.default)))
        except ValueError as error:
            raise ParameterError(f"{each.name}: {error}") from error
    return values


def _text(written: object) -> str:
    if isinstance(written, bool):
        return str(written).lower()
    if isinstance(written, str | int):
        return str(written)
    if isinstance(written, list | tuple):
        return ",".join(_text(each) for each in written)
    raise ValueError("write a text")


def choice(*names: str) -> Parse:
    """Take exactly one of these."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f"write {' or '.join(names)}, not {text!r}")
        return text

    return parse


def integer(least: int, most: int) -> Parse:
    """Take a whole number within bounds."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
            raise ValueError(f"write a number from {least} to {most}, not {text!r}")
        if not least <= int(text) <= most:
            raise ValueError(f"write a number from {least} to {most}, not {text!r}")
        return int(text)

    return parse


def duration(least: str, most: str) -> Parse:
    """Take a duration (`2160h`) within bounds; the value is in µs."""
    bounds = Duration(least), Duration(most)

    def parse(text: str) -> int:
        value = Duration(text)
        if not bounds[0] <= value <= bounds[1]:
            raise ValueError(f"write a duration from {least} to {most}, not {text}")
        return microseconds(value)

    return parse


def kms_key(text: str) -> str:
    """Take a KMS key as calls name it: id, ARN, or alias (`alias/posture`), which each account may have."""
    if not is_kms_key(text):
        raise ValueError(f"write the id, the ARN or the alias/… of a KMS key, not {text!r}")
    return text


def key_arn(text: str) -> str:
    """Take the ARN of a KMS key, and no alias: what shows a key shows it so."""
    if not is_kms_key_arn(text):
        raise ValueError(f"write the ARN of a KMS key (arn:…:kms:…:key/…), not {text!r}")
    return text


def role_name(text: str) -> str:
    """Take the name of a role, which each account may have, and not its ARN."""
    if not is_role_name(text):
        raise ValueError(f"write the name of a role, not {text!r}")
    return text


def customer_key(text: str) -> str:
    """Take a KMS key that is not one of those that AWS manages (`alias/aws/…`)."""
    if is_managed_alias(kms_key(text)):
        raise ValueError(f"write a customer managed key, not {text!r}")
    return text


def ports(text: str) -> tuple[range, ...]:
    """Take ports and ranges of them: `22,3389,8000-8100`. Also what AWS Config's rules take."""
    found = tuple(_port_range(each.strip()) for each in text.split(","))
    if len(found) > _MOST_PORTS:
        raise ValueError(f"write at most {_MOST_PORTS} ports or ranges")
    return found


def _port_range(text: str) -> range:
    first, dash, last = text.partition("-")
    number = integer(0, LAST_PORT)
    found = range(number(first), number(last if dash else first) + 1)
    if not found:
        raise ValueError(f"{text!r} ends before it begins")
    return found
