"""What fails, and what to put right first, worked out from raw findings one at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.support.oracle.asff import microseconds, read
from tests.support.oracle.case import Case, Entry, Pair
from tests.support.oracle.selecting import selects

_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
Raw = dict[str, Any]


@dataclass(frozen=True)
class Failing:
    """A raw finding in state failed, the controls that it counts for, and since when it fails."""

    raw: Raw
    severity: str
    account: str
    pairs: tuple[Pair, ...]
    since: str


def failing(
    findings: Iterable[Raw],
    spec: Mapping[str, Any],
    hub: Mapping[str, Any],
    now: datetime | int,
    turned_off: Sequence[Mapping[str, str]] = (),
    selector: Mapping[str, Any] | None = None,
) -> list[Failing]:
    """List the findings of a target that count as failed and that a selector selects; None: all.

    Arguments as of `oracle.scores`. In the order in which they are to be put right: the most severe first,
    of these what fails for longest; findings that were not seen to turn fail since they were first observed.
    """
    listed = list(findings)
    case = Case(listed, spec, hub, microseconds(now), turned_off)
    found = [
        each
        for raw in listed
        if (each := _failing(raw, case)) is not None and (selector is None or selects(selector, raw, case))
    ]
    return sorted(found, key=lambda each: (_SEVERITIES.index(each.severity), each.since))


def failing_controls(
    found: Iterable[Failing], spec: Mapping[str, Any], hub: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Count failed findings by security control, the worst first: by severity, then by their number."""
    case = Case([], spec, hub, 0, ())
    by_control: dict[str, list[Failing]] = {}
    for each in found:
        for control in {case.one_control(pair) for pair in each.pairs}:
            by_control.setdefault(control, []).append(each)
    controls = [
        {
            "control": case.spelled(control),
            # Of the finding that was updated last.
            "title": max((_moment(each.raw["UpdatedAt"]), each.raw["Title"]) for each in same)[1],
            "severity": min((each.severity for each in same), key=_SEVERITIES.index),
            "standards": sorted(
                {pair[0] for each in same for pair in each.pairs if case.one_control(pair) == control}
            ),
            "failed": len(same),
            "accounts": len({each.account for each in same}),
            "oldest": min(each.since for each in same),
        }
        for control, same in by_control.items()
    ]
    return sorted(
        controls,
        key=lambda each: (
            _SEVERITIES.index(each["severity"]),
            -each["failed"],
            each["control"],
            each["standards"],
        ),
    )


def _failing(raw: Raw, case: Case) -> Failing | None:
    seen = read(raw)
    if seen is None or not seen.active:
        return None
    if not (case.granted(seen.account) and case.included(seen.account)):
        return None
    pairs = tuple(case.pairs(seen))
    entry = Entry(seen, pairs)
    counted = bool(pairs) if seen.own else seen.product in case.spec.get("products", ["Security Hub"])
    if not counted or case.state(entry) != "failed":
        return None
    on = tuple(pair for pair in pairs if case.on_here(pair, entry.place))
    return Failing(raw, seen.severity, seen.account, on, _since(raw))


def _since(raw: Raw) -> str:
    """Write since when a finding fails, to the second."""
    began = min(_moment(raw.get("FirstObservedAt") or raw["CreatedAt"]), _moment(raw["UpdatedAt"]))
    return began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
