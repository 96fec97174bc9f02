"""What was written to controls is held against older copies, whatever fails between."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from posture.aws.client.errors import AwsError, Retryable
from posture.domain.exceptions.control_switches import (
    Association,
    ControlAct,
    Switch,
)
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.reconcile.member_roles import AccountRegion, Role
from posture.suppression.controls.account import ControlsReading, LiveControl
from posture.suppression.controls.declared import Reach
from posture.suppression.controls.reader import ControlReader

MINUTE = 60 * 1_000_000
SPOT = AccountRegion("111122223333", "eu-west-1")
PLACE = TurnedOff("s/v/1", "S3.1", *SPOT)
BEFORE, AFTER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
ON, OFF = Association(enabled=True), Association(enabled=False, reason="ours")
AWAY = Retryable("later", service="securityhub", operation="GetEnabledStandards", code="500")
SWITCH = Switch(PLACE, ControlAct.TURN_OFF, "security/off", "ours", ControlStatus.FAILED)


class Account:
    """A spot that answers by script."""

    def __init__(self, *answers: ControlsReading | AwsError) -> None:
        self.answers = list(answers)
        self.wanted: list[frozenset[str]] = []

    async def read(self, wanted: Any, _asked: Iterable[TurnedOff]) -> ControlsReading:
        self.wanted.append(wanted("s/v/1", "AWS"))
        answer = self.answers.pop(0)
        if isinstance(answer, AwsError):
            raise answer
        return answer


def shows(association: Association, at: datetime | None) -> ControlsReading:
    return ControlsReading({PLACE: LiveControl(association, "arn", "S3.1", (), at)}, frozenset())


async def looked(
    *answers: ControlsReading | AwsError, apart: int = MINUTE
) -> tuple[ControlReader, list[Association | None]]:
    """Turn the control off after the first answer; return what is known after each of the others."""
    account = Account(*answers)
    looking = ControlReader(lambda _spot, _role: cast("Any", account))
    reach = {SPOT: Reach([Role("arn:role", None)], (), frozenset())}
    seen: list[Association | None] = []
    for number in range(len(answers)):
        await looking.look(reach, str, lambda _: (), number * apart)
        if number == 0:
            looking.wrote([SWITCH], 0)
        else:
            live = looking.live.get(PLACE)
            seen.append(None if live is None else live.association)
    return looking, seen


async def test_an_old_copy_after_a_write_is_none() -> None:
    looking, seen = await looked(shows(ON, BEFORE), shows(ON, BEFORE), shows(OFF, AFTER), shows(ON, AFTER))
    assert seen == [OFF, OFF, ON]
    assert looking.unseen == set()


async def test_an_old_copy_is_none_either_after_one_that_could_not_be_read() -> None:
    looking, seen = await looked(shows(ON, BEFORE), AWAY, shows(ON, BEFORE))
    assert seen == [None, OFF]
    assert looking.unseen == {PLACE}


async def test_a_copy_that_stays_old_is_believed_in_time() -> None:
    looking, seen = await looked(shows(ON, BEFORE), shows(ON, BEFORE), shows(ON, BEFORE), apart=8 * MINUTE)
    assert seen == [OFF, ON]
    assert looking.unseen == set()


async def test_what_cannot_be_read_for_long_is_not_waited_for() -> None:
    looking, _ = await looked(shows(ON, BEFORE), AWAY, AWAY, apart=8 * MINUTE)
    assert looking.unseen == set()


async def test_a_person_who_turned_it_on_since_is_seen() -> None:
    looking, seen = await looked(shows(ON, BEFORE), AWAY, shows(ON, AFTER))
    assert seen == [None, ON]
    assert looking.unseen == set()


async def test_a_search_that_failed_is_made_again() -> None:
    """Once a day all controls are read, for marks that nothing remembers."""
    account = Account(AWAY, shows(ON, BEFORE), shows(ON, BEFORE), shows(ON, BEFORE), shows(ON, BEFORE))
    looking = ControlReader(lambda _spot, _role: cast("Any", account))
    reach = {SPOT: Reach([Role("arn:role", None)], (), frozenset())}
    for minutes in (0, 5, 10, 24 * 60 + 5):
        await looking.look(reach, str, lambda _: ("S3.1",), minutes * MINUTE)
    looking.search_anew()
    await looking.look(reach, str, lambda _: ("S3.1",), (24 * 60 + 10) * MINUTE)
    assert [len(each) for each in account.wanted] == [1, 1, 0, 1, 1]
