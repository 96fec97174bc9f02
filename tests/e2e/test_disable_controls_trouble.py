"""Accounts that refuse, an organization that decides by itself, replicas that die: controls all the same."""

from typing import Any

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.abandoned import LONGER, abandoned
from tests.support.e2e.controls import (
    CONTROL,
    ROLE,
    UPDATE,
    accounts,
    allow,
    hub_of,
    is_off,
    marked,
    policy,
)
from tests.support.e2e.exceptions import OWNER, PLURAL, in_effect, reason, status
from tests.support.e2e.past import backdate
from tests.support.e2e.stage import FSBP, Stage

OLDER = "UpdateStandardsControl"
ELSEWHERE = "us-east-1"


def test_one_account_without_its_role_one_with_the_older_call_one_with_two_regions(
    stage: Stage, cloud: Cloud
) -> None:
    allow(stage)
    stage.target()
    lost, older, both, *others = accounts(cloud)
    cloud.control.hub(both, ELSEWHERE, enabled=True, standards=[FSBP])
    cloud.refuse_roles(f"arn:aws:iam::{lost}:role/{ROLE}")
    cloud.control.fault("denied", UPDATE, account=older, count=None)
    untouched = switched_off(cloud, both)
    name = policy(stage, regions=["eu-west-1", ELSEWHERE])
    operator = stage.operator()
    operator.wait(
        lambda: reason(stage, name=name) == ("False", "RoleNotAssumable"), "the account's trouble", seconds=60
    )
    operator.wait(lambda: marked(cloud, [older, both, *others], name, stage), "the other accounts")
    assert is_off(cloud, lost) is None
    assert {each["id"] for each in status(stage, name)["failures"]} == {
        f"{lost} eu-west-1", f"{lost} {ELSEWHERE}"
    }  # fmt: skip
    assert f"arn:aws:iam::{lost}:role/{ROLE}" in stage.condition("Ready", name, PLURAL)["message"]
    assert cloud.control.call_total(OLDER) > 0
    mark = f"[posture.dev owner={OWNER} policy={stage.namespace}/{name} "
    assert (is_off(cloud, both, region=ELSEWHERE) or "").startswith(mark)
    assert switched_off(cloud, both) - untouched == {CONTROL}, "exactly what is named"

    cloud.refuse_roles()
    operator.wait(lambda: in_effect(stage, name), "the account's role", seconds=30)
    assert marked(cloud, [lost], name, stage)
    # Its rights are taken away again: what was turned off there cannot be turned on.
    for operation in (UPDATE, OLDER):
        cloud.control.fault("denied", operation, account=lost, count=None)
    stage.kubectl("delete", "suppressionpolicy", name, "--wait=false")
    operator.wait(lambda: is_off(cloud, older) is None, "the older call to turn it on again")
    operator.wait(lambda: lost in stage.condition("Ready", name, PLURAL)["message"], "what is left")
    assert [each for each in accounts(cloud) if is_off(cloud, each)] == [lost]
    assert is_off(cloud, both, region=ELSEWHERE) is None
    backdate(stage, PLURAL, name, "deletionTimestamp", LONGER)
    operator.wait(lambda: not stage.get(name, PLURAL), "the policy to go")
    assert "1 control " in abandoned(stage, name)
    assert lost in abandoned(stage, name)


def test_central_configuration_is_told_and_not_fought(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    # What was refused is tried again after an interval: longer than the looks below take on a busy machine.
    stage.target(interval="25s")
    cloud.control.members(configuration_type="CENTRAL")
    name = policy(stage)
    operator = stage.operator()
    operator.wait(
        lambda: reason(stage, "Stalled", name) == ("True", "CentralConfiguration"), "the reason", seconds=60
    )
    tried = cloud.control.call_total(UPDATE)
    for word in ("again", "and again"):
        asked(stage, operator, name, word)
    assert not any(is_off(cloud, each) for each in accounts(cloud))
    assert cloud.control.call_total(UPDATE) == tried, "polls that come sooner do not lead to writes"
    assert reason(stage, "Stalled", name) == ("True", "CentralConfiguration")
    cloud.control.members(configuration_type="LOCAL")
    operator.wait(lambda: in_effect(stage, name), "a later try", seconds=110)
    assert marked(cloud, accounts(cloud), name, stage)


def asked(stage: Stage, operator: OperatorProcess, name: str, word: str) -> None:
    """Have the policy looked at anew."""
    stage.kubectl("annotate", "--overwrite", "spol", name, f"posture.dev/requestedAt={word}")
    operator.wait(lambda: status(stage, name).get("lastHandledRequest") == word, "that look")


def switched_off(cloud: Cloud, account: str) -> set[str]:
    """Return all controls that are off in an account's standard, in its home Region."""
    hub: Any = hub_of(cloud, account)
    arn = f"arn:aws:securityhub:eu-west-1::standards/{FSBP}"
    ids = [
        each["SecurityControlId"]
        for page in hub.get_paginator("list_security_control_definitions").paginate(StandardsArn=arn)
        for each in page["SecurityControlDefinitions"]
    ]
    found = set()
    for start in range(0, len(ids), 100):
        answer = hub.batch_get_standards_control_associations(
            StandardsControlAssociationIds=[
                {"StandardsArn": arn, "SecurityControlId": each} for each in ids[start : start + 100]
            ]
        )
        found |= {
            each["SecurityControlId"]
            for each in answer["StandardsControlAssociationDetails"]
            if each["AssociationStatus"] == "DISABLED"
        }
    return found
