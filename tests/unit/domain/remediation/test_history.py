"""Since when nothing broke in on a finding, by its history: recounted from its life, and attacked."""

from itertools import pairwise
from random import Random
from typing import NamedTuple

import pytest

from posture.domain.remediation.history import FieldChange, HistoryRecord, Undisturbed, undisturbed
from posture.domain.time import DAY, HOUR
from tests.support.examples import seeds

NOW = 1_000 * DAY
BEGIN = NOW - 90 * DAY
OLD = BEGIN - DAY
FIELDS = {
    "Compliance.Status": ("FAILED", "PASSED", "WARNING", "NOT_AVAILABLE"),
    "Workflow.Status": ("NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"),
    "RecordState": ("ACTIVE", "ARCHIVED"),
    "Title": ("one", "two"),
}


class State(NamedTuple):
    """A finding from a moment on."""

    at: int
    fields: dict[str, str]


def told(*changes: HistoryRecord, created_at: int = OLD) -> Undisturbed | None:
    return undisturbed(changes, created_at=created_at, begin=BEGIN, asked_at=NOW)


def change(hours_ago: int, field: str, before: str | None, after: str | None) -> HistoryRecord:
    return HistoryRecord(NOW - hours_ago * HOUR, created=False, fields=(FieldChange(field, before, after),))


def turned(hours_ago: int, before: str | None = "PASSED", after: str | None = "FAILED") -> HistoryRecord:
    return change(hours_ago, "Compliance.Status", before, after)


def held_since(life: list[State], fine: dict[str, set[str]]) -> int:
    """The slow truth: the first of the last states in which all these fields are fine."""
    since = NOW
    for state in reversed(life):
        if any(state.fields[name] not in values for name, values in fine.items()):
            break
        since = max(state.at, BEGIN)
    return since


@seeds(400)
def test_it_is_what_the_life_of_the_finding_says(seed: int) -> None:
    random = Random(seed)
    created = random.choice((OLD, BEGIN + random.randrange(1, 80) * DAY))
    life = [State(created, {name: random.choice(values) for name, values in FIELDS.items()})]
    for _ in range(random.randrange(10)):
        at = random.randrange(life[-1].at, NOW)
        name = random.choice(list(FIELDS))
        life.append(State(at, {**life[-1].fields, name: random.choice(FIELDS[name])}))
    last = {"Compliance.Status": "FAILED", "Workflow.Status": random.choice(("NEW", "RESOLVED"))}
    life.append(State(NOW - 1, {**life[-1].fields, **last, "RecordState": "ACTIVE"}))
    changes = [HistoryRecord(created, created=True)] if created > BEGIN else []
    for before, after in pairwise(life):
        fields = tuple(
            FieldChange(name, before.fields[name], after.fields[name])
            for name in FIELDS
            if before.fields[name] != after.fields[name]
        )
        if fields and after.at > BEGIN:
            changes.append(HistoryRecord(after.at, created=False, fields=fields))
    open_ = {"Workflow.Status": {"NEW", "NOTIFIED", "RESOLVED"}, "RecordState": {"ACTIVE"}}
    expected = (
        held_since(life, {"Compliance.Status": {"FAILED"}}),
        held_since(life, open_),
        NOW,
    )
    shown = sorted(changes, key=lambda each: -each.at) if random.random() < 0.5 else changes
    assert undisturbed(shown, created_at=created, begin=BEGIN, asked_at=NOW) == expected


def test_silence_means_that_nothing_has_happened_to_a_finding_that_was_there() -> None:
    assert told() == (BEGIN, BEGIN, NOW)


def test_a_young_finding_without_the_record_of_its_creation_has_no_whole_history() -> None:
    assert told(created_at=BEGIN + HOUR) is None
    assert told(turned(5), created_at=BEGIN + HOUR) is None
    born = HistoryRecord(BEGIN + 2 * HOUR, created=True)
    assert told(born, created_at=BEGIN + HOUR) == (BEGIN + 2 * HOUR, BEGIN + 2 * HOUR, NOW)


def test_suppressing_and_reopening_restarts_and_notes_do_not() -> None:
    suppressed = change(30, "Workflow.Status", "NEW", "SUPPRESSED")
    reopened = change(20, "Workflow.Status", "SUPPRESSED", "NEW")
    noted = change(10, "Note.Text", None, "who did that?")
    assert told(noted, reopened, suppressed) == (BEGIN, NOW - 20 * HOUR, NOW)
    back = change(5, "RecordState", "ARCHIVED", "ACTIVE")
    assert told(back, reopened, suppressed) == (BEGIN, NOW - 5 * HOUR, NOW)


@pytest.mark.parametrize(
    ("changes", "failing_since"),
    [
        # What it was before cannot be read, or is not told.
        ((turned(9, "¿"),), NOW - 9 * HOUR),
        ((turned(9, None),), NOW - 9 * HOUR),
        # What came of it is left out: of the last it is what is now.
        ((turned(9, "PASSED", None),), NOW - 9 * HOUR),
        ((turned(9, "FAILED", None),), BEGIN),
        # The last says that it passes, and it fails: something is missing.
        ((turned(9, "FAILED", "PASSED"),), NOW),
        # One of before does not fit what follows it.
        ((turned(9, "FAILED", "FAILED"), turned(40, "FAILED", "WARNING")), NOW - 9 * HOUR),
        ((turned(9, "FAILED", "FAILED"), turned(40, "FAILED", None)), NOW - 9 * HOUR),
        # The whole object has changed.
        ((change(9, "Compliance", '{"Status": "PASSED"}', '{"Status":"FAILED"}'),), NOW - 9 * HOUR),
        ((change(9, "Compliance", '{"Status": "FAILED"}', '{"Status":"FAILED"}'),), BEGIN),
        ((change(9, "Compliance", "{Status=FAILED}", "{Status=FAILED}"),), NOW),
        ((change(9, "Compliance", '{"Status": 5}', '{"Status":"FAILED"}'),), NOW - 9 * HOUR),
        # Another part of it.
        ((change(9, "Compliance.StatusReasons", "[]", "[1]"),), BEGIN),
        # Processed after it was asked for, by another clock.
        ((HistoryRecord(NOW + HOUR, created=False, fields=turned(0).fields),), NOW),
    ],
)
def test_nothing_is_believed_that_does_not_fit(
    changes: tuple[HistoryRecord, ...], failing_since: int
) -> None:
    assert told(*changes) == (failing_since, BEGIN, NOW)


@pytest.mark.parametrize("status", ["SUPPRESSED", "", "{}", "{Status=NEW}"])
def test_an_unknown_workflow_is_taken_for_suppressed(status: str) -> None:
    assert told(change(9, "Workflow.Status", status, "NEW")) == (BEGIN, NOW - 9 * HOUR, NOW)
    assert told(change(9, "Workflow", status, '{"Status":"NEW"}')) == (BEGIN, NOW - 9 * HOUR, NOW)
