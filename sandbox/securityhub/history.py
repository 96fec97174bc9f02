"""What GetFindingHistory tells: each change of a finding, field by field, for 90 days.

As in AWS's example (command line reference, get-finding-history): fields are named with dots, a value that is
no text is JSON, the latest comes first, and the first record says that the finding was created. Changes of
nothing but the times of a finding are left out (API reference, GetFindingHistory).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.securityhub.asff import encode
from sandbox.securityhub.clock import MICROSECONDS, Clock, format_timestamp, parse_timestamp

KEPT = 90 * 24 * 3600 * MICROSECONDS
_TIMES = frozenset({"CreatedAt", "FirstObservedAt", "LastObservedAt", "ProcessedAt", "UpdatedAt"})


@dataclass(slots=True)
class _Of:
    """One finding's: when it was created (None: when it says), and what has changed since."""

    created: int | None = None
    records: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


class Histories:
    """The histories of all findings, by the number that the store gives them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[int, _Of] = {}

    def created(self, seq: int) -> None:
        """Note that a finding came to be now."""
        self._of[seq] = _Of(self._clock.now())

    def changed(self, seq: int, old: Mapping[str, Any], new: Mapping[str, Any], by: str) -> None:
        """Note a change; `by`: the ARN of the customer who made it, empty for its provider."""
        before, after = dict(_flat(old)), dict(_flat(new))
        updates = []
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) == after.get(name) or name in _TIMES:
                continue
            values = {"OldValue": before.get(name), "NewValue": after.get(name)}
            told = {key: value for key, value in values.items() if value is not None}
            updates.append({"UpdatedField": name, **told})
        if updates:
            source = {
                "Type": "BATCH_UPDATE_FINDINGS" if by else "BATCH_IMPORT_FINDINGS",
                "Identity": by or str(new.get("ProductArn", "")),
            }
            record = {"FindingCreated": False, "UpdateSource": source, "Updates": updates}
            self._of.setdefault(seq, _Of()).records.append((self._clock.now(), record))

    def forget(self, seq: int | None = None) -> None:
        """Forget one history, or all."""
        if seq is None:
            self._of.clear()
        else:
            self._of.pop(seq, None)

    def records(self, seq: int, finding: Mapping[str, Any], start: int, end: int) -> list[dict[str, Any]]:
        """Return the records of a finding from `start` to `end` (µs), the latest first."""
        kept = self._of.get(seq, _Of())
        created = parse_timestamp(finding.get("CreatedAt")) if kept.created is None else kept.created
        identifier = {"Id": finding.get("Id"), "ProductArn": finding.get("ProductArn")}
        first = {
            "FindingCreated": True,
            "UpdateSource": {
                "Type": "BATCH_IMPORT_FINDINGS",
                "Identity": str(finding.get("ProductArn", "")),
            },
            "Updates": [],
        }
        told = ([] if created is None else [(created, first)]) + kept.records
        begin = max(start, self._clock.now() - KEPT)
        return [
            {"FindingIdentifier": identifier, "UpdateTime": format_timestamp(at), **record}
            for at, record in reversed(told)
            if begin <= at <= end
        ]


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, each in value.items():
        if isinstance(each, Mapping):
            yield from _flat(each, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", each if isinstance(each, str) else encode(each).decode()
