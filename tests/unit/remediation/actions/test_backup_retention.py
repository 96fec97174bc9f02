"""RDS.11: a period that waits for the maintenance window."""

import asyncio
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import LiveState, Refused, Situation, SubWrite
from posture.remediation.actions.registry import builtin_actions
from tests.support.scripted_reader import Script

ACTION = builtin_actions()["rds-instance-raise-backup-retention"]
ARN = "arn:aws:rds:eu-west-1:111122223333:db:orders"
RESOURCE = ResourceKey("111122223333", "aws", "eu-west-1", "AwsRdsDbInstance", ARN)
SITUATION = Situation(0, frozenset({"RDS.11"}))
PART = "BackupRetentionPeriod"


def read(days: int, pending: dict[str, Any]) -> LiveState:
    described = {
        "DBInstanceArn": ARN,
        "Engine": "postgres",
        "DBInstanceStatus": "available",
        PART: days,
        "PendingModifiedValues": pending,
    }
    reader = Script({("DescribeDBInstances", None): {"DBInstances": [described]}})
    return asyncio.run(ACTION.read(reader, RESOURCE))


def test_what_was_written_is_verified_while_it_waits_and_is_not_written_again() -> None:
    (written,) = ACTION.judge(read(0, {}), {}, SITUATION).wrong
    assert written == SubWrite(
        PART, "Raise the days for which automated backups of the instance are kept from 0 to 7", 0, 7
    )
    waiting = read(0, {PART: 7})
    assert ACTION.verified(waiting, written)
    with pytest.raises(Refused, match="7 days are set") as refused:
        ACTION.judge(waiting, {}, SITUATION)
    assert refused.value.reason is Reason.PENDING


def test_what_a_person_has_set_waits_too() -> None:
    with pytest.raises(Refused) as refused:
        ACTION.judge(read(0, {PART: 3}), {}, SITUATION)
    assert refused.value.reason is Reason.PENDING


def test_other_changes_that_wait_are_none_of_it() -> None:
    assert ACTION.judge(read(1, {"AllocatedStorage": 30}), {}, SITUATION).wrong
