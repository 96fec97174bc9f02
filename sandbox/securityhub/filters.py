"""GetFindings filters: what AWS accepts, and which findings match. Pure functions over plain data.

Rules (API reference of GetFindings and of StringFilter, MapFilter, DateFilter): attributes are joined by AND,
at most 10 of them with at most 20 values each; within one attribute positive comparisons are joined by OR and
negative ones by AND; values are case-sensitive. A finding without the attribute matches negative comparisons
only. CONTAINS and NOT_CONTAINS are for automation rules, CONTAINS_WORD for the second version of the API:
GetFindings refuses them.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.securityhub.attributes import PATHS, all_strings, reader
from sandbox.securityhub.clock import MICROSECONDS, parse_timestamp
from sandbox.securityhub.errors import invalid_input
from sandbox.securityhub.model import shape_model

MAX_ATTRIBUTES = 10
MAX_VALUES = 20
_DAY = 24 * 3600 * MICROSECONDS
_NEGATIVE = frozenset({"NOT_EQUALS", "PREFIX_NOT_EQUALS"})
_ELSEWHERE = frozenset({"CONTAINS", "NOT_CONTAINS", "CONTAINS_WORD"})

Values = list[Any]
Test = Callable[[Values], bool]


@dataclass(frozen=True, slots=True)
class StringCondition:
    """The string filters of one attribute, by comparison."""

    equals: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    not_equals: frozenset[str] = frozenset()
    not_prefixes: tuple[str, ...] = ()

    def holds(self, values: Values) -> bool:
        """Say whether an attribute with these values passes; what is no string counts as missing."""
        strings = [value for value in values if isinstance(value, str)]
        return (not self._has_positive or any(map(self._is_wanted, strings))) and not any(
            map(self._is_unwanted, strings)
        )

    @property
    def only_equals(self) -> bool:
        """True when nothing but EQUALS is asked."""
        return bool(self.equals) and self == StringCondition(equals=self.equals)

    @property
    def _has_positive(self) -> bool:
        return bool(self.equals or self.prefixes)

    def _is_wanted(self, text: str) -> bool:
        return text in self.equals or text.startswith(self.prefixes)

    def _is_unwanted(self, text: str) -> bool:
        return text in self.not_equals or text.startswith(self.not_prefixes)


@dataclass(frozen=True, slots=True)
class DateCondition:
    """Windows of time in microseconds, both ends included; any of them."""

    windows: tuple[tuple[int, int], ...]

    def holds(self, values: Values) -> bool:
        """Say whether one of the values is a timestamp inside a window."""
        moments = (parse_timestamp(value) for value in values)
        return any(
            start <= moment <= end for moment in moments if moment is not None for start, end in self.windows
        )


@dataclass(frozen=True, slots=True)
class OtherCondition:
    """A condition that only whole findings can answer."""

    test: Test

    def holds(self, values: Values) -> bool:
        """Say whether an attribute with these values passes."""
        return self.test(values)


Condition = StringCondition | DateCondition | OtherCondition


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Compiled filters: conditions by attribute, all of which must hold."""

    conditions: Mapping[str, Condition]

    def matches(self, finding: Mapping[str, Any]) -> bool:
        """Say whether a decoded finding passes."""
        return all(holds(finding, attribute, it) for attribute, it in self.conditions.items())


def holds(finding: Mapping[str, Any], attribute: str, condition: Condition) -> bool:
    """Say whether one condition holds for a decoded finding."""
    if attribute == "Keyword":
        return condition.holds(list(all_strings(finding)))
    return condition.holds(_READERS[attribute](finding))


_READERS = {attribute: reader(attribute) for attribute in PATHS}


def compile_filters(filters: Mapping[str, Sequence[Mapping[str, Any]]], now: int) -> FindingFilter:
    """Return the filters ready to use; `now` (microseconds) is what date ranges count from.

    The shapes are taken as validated against the model. Raises ApiError `InvalidInputException` for what AWS
    refuses beyond that.
    """
    given = {name: entries for name, entries in filters.items() if entries}
    if len(given) > MAX_ATTRIBUTES:
        raise invalid_input(
            f"Invalid parameter 'Filters'. A maximum of {MAX_ATTRIBUTES} attributes is allowed"
        )
    return FindingFilter({name: _condition(name, entries, now) for name, entries in given.items()})


def _condition(name: str, entries: Sequence[Mapping[str, Any]], now: int) -> Condition:
    members = shape_model("AwsSecurityFindingFilters").members
    if name not in members:
        raise invalid_input(f"Invalid parameter 'Filters'. {name} is no filter attribute")
    if len(entries) > MAX_VALUES:
        raise invalid_input(
            f"Invalid parameter 'Filters.{name}'. A maximum of {MAX_VALUES} values is allowed"
        )
    kind = members[name].member.name
    if kind == "StringFilter":
        return _string_condition(name, entries)
    if kind == "DateFilter":
        return DateCondition(tuple(_window(name, entry, now) for entry in entries))
    compilers: dict[str, Callable[[str, Sequence[Mapping[str, Any]]], Test]] = {
        "NumberFilter": _number_test,
        "MapFilter": _map_test,
        "IpFilter": _ip_test,
        "BooleanFilter": _boolean_test,
        "KeywordFilter": _keyword_test,
    }
    return OtherCondition(compilers[kind](name, entries))


def _required(name: str, entry: Mapping[str, Any], *members: str) -> list[Any]:
    missing = [member for member in members if entry.get(member) is None]
    if missing:
        raise invalid_input(f"Invalid parameter 'Filters.{name}'. data must contain {missing}")
    return [entry[member] for member in members]


def _by_comparison(name: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Group entries by comparison, refusing the mixtures that AWS refuses."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        comparison = _required(name, entry, "Comparison")[0]
        grouped.setdefault(comparison, []).append(entry)
    used = set(grouped)
    if refused := sorted(used & _ELSEWHERE):
        raise invalid_input(
            f"Invalid parameter 'Filters.{name}'. {refused[0]} is not supported by GetFindings"
        )
    if "EQUALS" in used and used & _NEGATIVE:
        raise invalid_input(
            f"Invalid parameter 'Filters.{name}'. Comparisons {sorted(used)} cannot be combined"
        )
    return grouped


def _string_condition(name: str, entries: Sequence[Mapping[str, Any]]) -> StringCondition:
    grouped = _by_comparison(name, entries)
    values = {
        comparison: [_required(name, entry, "Value")[0] for entry in group]
        for comparison, group in grouped.items()
    }
    return StringCondition(
        equals=frozenset(values.get("EQUALS", ())),
        prefixes=tuple(values.get("PREFIX", ())),
        not_equals=frozenset(values.get("NOT_EQUALS", ())),
        not_prefixes=tuple(values.get("PREFIX_NOT_EQUALS", ())),
    )


def _window(name: str, entry: Mapping[str, Any], now: int) -> tuple[int, int]:
    date_range = entry.get("DateRange")
    if date_range is not None:
        if entry.get("Start") is not None or entry.get("End") is not None:
            raise invalid_input(f"Invalid parameter 'Filters.{name}'. DateRange excludes Start and End")
        return _range_window(name, date_range, now)
    limits = [parse_timestamp(value) for value in _required(name, entry, "Start", "End")]
    if limits[0] is None or limits[1] is None:
        raise invalid_input(f"Invalid parameter 'Filters.{name}'. Start and End must be ISO 8601 timestamps")
    return limits[0], limits[1]


def _range_window(name: str, date_range: Mapping[str, Any], now: int) -> tuple[int, int]:
    days, _unit = _required(name, date_range, "Value", "Unit")
    if days < 1:
        raise invalid_input(f"Invalid parameter 'Filters.{name}'. DateRange.Value must be >= 1")
    edge = now - days * _DAY
    if date_range.get("Comparison") == "OLDER_THAN":
        return (-(2**62), edge - 1)
    return (edge, now)


_NUMBER_TESTS: Mapping[str, Callable[[float, float], bool]] = {
    "Gte": lambda value, limit: value >= limit,
    "Lte": lambda value, limit: value <= limit,
    "Eq": lambda value, limit: value == limit,
    "Gt": lambda value, limit: value > limit,
    "Lt": lambda value, limit: value < limit,
}


def _number_test(name: str, entries: Sequence[Mapping[str, Any]]) -> Test:
    checks: list[list[tuple[Callable[[float, float], bool], float]]] = []
    for entry in entries:
        limits = [(test, entry[key]) for key, test in _NUMBER_TESTS.items() if entry.get(key) is not None]
        if not limits:
            raise invalid_input(f"Invalid parameter 'Filters.{name}'. data must contain a comparison")
        checks.append(limits)

    def test(values: Values) -> bool:
        numbers = [
            value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)
        ]
        return any(
            all(compare(number, limit) for compare, limit in limits)
            for number in numbers
            for limits in checks
        )

    return test


def _map_test(name: str, entries: Sequence[Mapping[str, Any]]) -> Test:
    grouped = _by_comparison(name, entries)
    pairs = {
        comparison: [tuple(_required(name, entry, "Key", "Value")) for entry in group]
        for comparison, group in grouped.items()
    }

    def has(values: Values, comparison: str) -> list[bool]:
        return [
            any(value.get(key) == text for value in values if isinstance(value, dict))
            for key, text in pairs.get(comparison, ())
        ]

    wanted = [comparison for comparison in pairs if comparison not in _NEGATIVE]
    unwanted = [comparison for comparison in pairs if comparison in _NEGATIVE]

    def test(values: Values) -> bool:
        passes = not wanted or any(any(has(values, comparison)) for comparison in wanted)
        return passes and not any(any(has(values, comparison)) for comparison in unwanted)

    return test


def _ip_test(name: str, entries: Sequence[Mapping[str, Any]]) -> Test:
    try:
        networks = [
            ipaddress.ip_network(_required(name, entry, "Cidr")[0], strict=False) for entry in entries
        ]
    except ValueError as error:
        raise invalid_input(f"Invalid parameter 'Filters.{name}'. Cidr must be a CIDR block") from error

    def test(values: Values) -> bool:
        addresses = [address for value in values if (address := _address(value)) is not None]
        return any(address in network for address in addresses for network in networks)

    return test


def _address(value: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _boolean_test(name: str, entries: Sequence[Mapping[str, Any]]) -> Test:
    wanted = {_required(name, entry, "Value")[0] for entry in entries}
    return lambda values: (values[0] if values else False) in wanted


def _keyword_test(name: str, entries: Sequence[Mapping[str, Any]]) -> Test:
    words = [_required(name, entry, "Value")[0] for entry in entries]
    return lambda values: any(word in value for word in words for value in values)
