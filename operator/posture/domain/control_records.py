"""What a policy remembers of the controls that it turned off, as its status can keep it."""

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from posture.domain.controls import ControlStatus
from posture.domain.evaluation import TurnedOff

Record: TypeAlias = Mapping[TurnedOff, ControlStatus]
"""By place, the status that the control had when it was turned off."""

# What the API takes in `status.disabledControls`: entries, and accounts of each.
MAX_ENTRIES = 1000
MAX_ACCOUNTS = 1000
# About 15 bytes an account: an object of the API server has at most 1.5 MB.
MAX_PLACES = 40_000

Entry: TypeAlias = tuple[str, str, str, ControlStatus]


def entries(record: Record) -> Mapping[Entry, list[str]]:
    """Group a record: by standard, control, Region and status the accounts, all sorted."""
    grouped: dict[Entry, list[str]] = {}
    for place, was in sorted(record.items(), key=lambda item: (item[0].control, item[0])):
        grouped.setdefault((place.standard, place.control, place.region, was), []).append(place.account_id)
    return grouped


def fits(record: Record) -> bool:
    """Tell whether a status can keep a record."""
    sizes = Counter((place.standard, place.control, place.region, was) for place, was in record.items())
    return (
        len(record) <= MAX_PLACES
        and len(sizes) <= MAX_ENTRIES
        and max(sizes.values(), default=0) <= MAX_ACCOUNTS
    )
