"""Schedules of a window: what is accepted is due some day, and cronsim is who says when."""

from datetime import UTC, datetime

import pytest
from cronsim import CronSim
from hypothesis import given

from posture.api.schedule import SCHEDULE
from tests.support.api.schedules import schedules
from tests.support.examples import examples


@given(schedules())
@examples(300)
def test_what_is_accepted_is_due(schedule: str) -> None:
    if SCHEDULE.fits(schedule):
        assert next(CronSim(schedule, datetime(2026, 1, 1, tzinfo=UTC))).year < 2100


@pytest.mark.parametrize(
    "schedule",
    ["0 9 * * mon-fri", "0 9 * Jan-3 Mon,WED", "0 0 29 2 *", "0 9 31 2 1", "0 9 31 4-4/2 *", "* * * * 5-7"],
)
def test_accepted(schedule: str) -> None:
    assert SCHEDULE.fits(schedule)


@pytest.mark.parametrize(
    "schedule",
    [
        "0 9 * * 5-1",
        "50-10 * * * *",
        "0 9 * * sat-sun",
        "0 9 * dec-jan *",
        "0 9 30 2 *",
        "0 9 31 4,6 */2",
        "0 9 31/30 4 *",
    ],
)
def test_refused(schedule: str) -> None:
    assert not SCHEDULE.fits(schedule)
