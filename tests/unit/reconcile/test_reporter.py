"""Which changes of a status people are told of, and which of them are bad news."""

from datetime import UTC, datetime

import pytest

from posture.api.conditions import Condition, ConditionStatus
from posture.api.resource import Status
from posture.kube.resources import POSTURE_TARGETS
from posture.reconcile.reporter import ReportedKind

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
KIND = ReportedKind(
    POSTURE_TARGETS,
    Status,
    "Evaluate",
    bad={"Ready": FALSE, "Expired": TRUE},
    calm=frozenset({"Waiting"}),
    seldom=frozenset({"Expired"}),
)


def status(**said: tuple[ConditionStatus, str]) -> Status:
    now = datetime.now(UTC)
    return Status(
        conditions=tuple(
            Condition(type=kind, status=holds, reason=reason, last_transition_time=now)
            for kind, (holds, reason) in said.items()
        )
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (status(), status(Ready=(TRUE, "Fine")), {"Ready": False}),
        (status(), status(Ready=(FALSE, "Broken")), {"Ready": True}),
        (status(), status(Ready=(FALSE, "Waiting")), {"Ready": False}),
        (status(Ready=(FALSE, "Broken")), status(Ready=(FALSE, "Broken")), {}),
        (status(Ready=(FALSE, "Broken")), status(Ready=(FALSE, "Denied")), {"Ready": True}),
        (status(), status(Expired=(FALSE, "Active")), {}),
        (status(Expired=(FALSE, "Active")), status(Expired=(UNKNOWN, "Syncing")), {}),
        (status(Expired=(FALSE, "Active")), status(Expired=(TRUE, "Expired")), {"Expired": True}),
        (status(Expired=(TRUE, "Expired")), status(Expired=(FALSE, "Active")), {"Expired": False}),
        (status(), status(Other=(FALSE, "Broken")), {}),
    ],
)
def test_changes_are_told_that_concern_people(before: Status, after: Status, told: dict[str, bool]) -> None:
    assert {change.type: KIND.is_bad(change) for change in KIND.told(before, after)} == told


def test_what_several_conditions_say_for_one_reason_is_told_once_by_kinds_that_repeat_themselves() -> None:
    after = status(Ready=(FALSE, "Denied"), Expired=(TRUE, "Denied"))
    assert [change.type for change in KIND.told(status(), after)] == ["Ready", "Expired"]
    once = ReportedKind(POSTURE_TARGETS, Status, "Evaluate", bad=KIND.bad, reasons_once=True)
    assert [change.type for change in once.told(status(), after)] == ["Ready"]
