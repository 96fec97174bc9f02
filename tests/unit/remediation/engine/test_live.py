"""What a look at a live resource comes to, and what a refusal of the write itself comes to."""

import asyncio
from typing import Any

import pytest

from posture.api.remediation import MAX_WRITES
from posture.config.model import Config
from posture.domain.remediation.candidates import FindingName
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey
from posture.remediation.actions.contract import Protected, Refused
from posture.remediation.engine.live import LiveLook, LiveResources, Question
from posture.remediation.engine.writing import _stop_by_refusal
from tests.support.scripted_reader import Script

OWNER = Script.account_id
RESOURCE = ResourceKey(OWNER, "aws", Script.region, ACCOUNT, f"AWS::::Account:{OWNER}")


class Public(Script):
    """An account with so many public snapshots."""

    def __init__(self, number: int) -> None:
        listed = [{"SnapshotId": f"snap-{each:03}", "OwnerId": OWNER} for each in range(number)]
        super().__init__(
            {
                ("DescribeSnapshots", None): {"Snapshots": listed},
                ("DescribeSnapshotAttribute", None): {"CreateVolumePermissions": [{"Group": "all"}]},
            }
        )


class _Accounts:
    def __init__(self, reader: Script) -> None:
        self._reader = reader

    def reader(self, *_: Any) -> Script:
        return self._reader

    async def protected(self, _: Any) -> Protected:
        return Protected()


class _Terms:
    """As much of a rule as a look asks for."""

    automation = None

    class rule:  # noqa: N801 - an attribute
        role_name = "r"
        opt_out = ()

        class action:  # noqa: N801 - an attribute
            name = "ec2-snapshots-make-private"
            parameters = ()


def look(number: int) -> LiveLook:
    live = LiveResources(_Accounts(Public(number)))  # type: ignore[arg-type]  # all that it needs
    finding = FindingName("arn", "id", "EC2.1")
    question = Question("ns", _Terms(), RESOURCE, frozenset({"EC2.1"}), 0, finding)  # type: ignore[arg-type]  # as above
    return asyncio.run(live.look(question, Config()))


@pytest.mark.parametrize("number", [1, MAX_WRITES, MAX_WRITES + 1, 3 * MAX_WRITES])
def test_a_remediation_has_as_many_writes_as_its_entry_can_name(number: int) -> None:
    """The first ones by name: what is left after them is what a later look begins with."""
    found = look(number)
    assert [each.name for each in found.subs] == [
        f"snap-{each:03}" for each in range(min(number, MAX_WRITES))
    ]


def test_nothing_that_is_wrong_is_right_already() -> None:
    outcome = look(0).outcome
    assert outcome is not None
    assert outcome.reason is Reason.ALREADY_COMPLIANT


@pytest.mark.parametrize(
    ("reason", "failed"), [(Reason.PENDING, False), (Reason.NOT_SUPPORTED, True), (Reason.IN_USE, True)]
)
def test_a_write_that_is_refused_for_now_has_not_failed(reason: Reason, failed: bool) -> None:
    stop = _stop_by_refusal(Refused(reason, "it was changed meanwhile"))
    assert (stop.failed, stop.unknown) == (failed, False)
    assert stop.outcome == (reason, "it was changed meanwhile.")
