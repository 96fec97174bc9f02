"""The order of findings in pages, and positions in it that survive a round trip through a NextToken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from sandbox.securityhub.asff import decode
from sandbox.securityhub.attributes import PATHS, reader
from sandbox.securityhub.clock import parse_timestamp
from sandbox.securityhub.errors import invalid_input
from sandbox.securityhub.model import shape_model

SortKey = tuple[Any, ...]
_UNSORTABLE = frozenset({"MapFilter", "KeywordFilter"})


@total_ordering
class _Descending:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - whatever the criterion sorts by
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.value == other.value)

    def __lt__(self, other: "_Descending") -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


@dataclass(frozen=True, slots=True)
class Sorting:
    """SortCriteria as (attribute, descending) pairs; none: the order in which Security Hub likes to answer.

    AWS does not say what that is. Here the latest update comes first (`descending`), hardest for a reader:
    what is updated while he reads leaves the pages that are still to come.
    """

    criteria: tuple[tuple[str, bool], ...]

    @property
    def by_updated(self) -> bool:
        """True when pages go by UpdatedAt alone, which the indexes serve."""
        return not self.criteria or (len(self.criteria) == 1 and self.criteria[0][0] == "UpdatedAt")

    @property
    def descending(self) -> bool:
        """True when the latest update comes first."""
        return not self.criteria or self.criteria[0][1]

    def position(self, updated: int, body: bytes, seq: int) -> SortKey:
        """Return where a finding stands; positions compare as the findings are ordered."""
        if self.by_updated:
            return (-updated, -seq) if self.descending else (updated, seq)
        finding = decode(body) or {}
        keys = [_sort_value(finding, attribute) for attribute, _ in self.criteria]
        return self._directed([*keys, seq])

    def plain(self, position: SortKey | None) -> list[Any]:
        """Return a position as JSON can hold it; empty for None, the start."""
        return [part.value if isinstance(part, _Descending) else part for part in position or ()]

    def restore(self, plain: Sequence[Any]) -> SortKey | None:
        """Return the position that `plain` made."""
        if not plain:
            return None
        if self.by_updated:
            return tuple(plain)
        return self._directed([tuple(part) if isinstance(part, list) else part for part in plain])

    def _directed(self, keys: Sequence[Any]) -> SortKey:
        *values, seq = keys
        return (
            *(
                _Descending(value) if descending else value
                for value, (_, descending) in zip(values, self.criteria, strict=True)
            ),
            seq,
        )


def _sort_value(finding: Mapping[str, Any], attribute: str) -> tuple[int, Any]:
    """Return the first value of an attribute; missing ones sort behind all others."""
    values = reader(attribute)(finding)
    kind = shape_model("AwsSecurityFindingFilters").members[attribute].member.name
    for value in values:
        if kind == "DateFilter" and (moment := parse_timestamp(value)) is not None:
            return (0, moment)
        if kind == "NumberFilter" and isinstance(value, (int, float)):
            return (0, value)
        if kind in {"StringFilter", "IpFilter", "BooleanFilter"} and isinstance(value, (str, bool)):
            return (0, str(value))
    return (1, 0)


def sorting_of(criteria: Sequence[Mapping[str, Any]]) -> Sorting:
    """Return SortCriteria ready to use. Raises ApiError for a field that cannot be sorted by."""
    members = shape_model("AwsSecurityFindingFilters").members
    pairs = []
    for criterion in criteria:
        attribute = criterion.get("Field")
        if attribute not in PATHS or members[attribute].member.name in _UNSORTABLE:
            raise invalid_input(f"Invalid parameter 'SortCriteria'. {attribute!r} is no field to sort by")
        pairs.append((str(attribute), criterion.get("SortOrder", "asc") == "desc"))
    return Sorting(tuple(pairs))
