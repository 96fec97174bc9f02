"""What policies did is undone wherever it was done, also where nobody looks any longer."""

import shutil
from typing import Any

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import PLURAL, allow, in_effect, in_hours, mark, policy
from tests.support.e2e.stage import Stage

THREAT = "arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/1"


def threat() -> dict[str, Any]:
    """A finding of GuardDuty's."""
    return {
        "SchemaVersion": "2018-10-08",
        "Id": THREAT,
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/guardduty",
        "ProductName": "GuardDuty",
        "CompanyName": "Amazon",
        "Region": "eu-west-1",
        "GeneratorId": "arn:aws:guardduty:eu-west-1:111122223333:detector/d",
        "AwsAccountId": "111122223333",
        "Types": ["TTPs/Discovery/Recon:EC2-Portscan"],
        "CreatedAt": in_hours(-1),
        "UpdatedAt": in_hours(-1),
        "Severity": {"Label": "HIGH", "Normalized": 70},
        "Title": "Port scan",
        "Description": "A port scan.",
        "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}],
        "Workflow": {"Status": "NOTIFIED"},
        "RecordState": "ACTIVE",
    }


def finding(cloud: Cloud) -> dict[str, Any]:
    return next(dict(each) for each in cloud.control.findings() if each["Id"] == THREAT)


def is_as_before(cloud: Cloud) -> bool:
    found = finding(cloud)
    return found["Workflow"]["Status"] == "NOTIFIED" and mark(found) == (None, None)


def test_a_product_that_a_target_drops_is_looked_at_until_nothing_of_ours_is_in_it(
    stage: Stage, cloud: Cloud
) -> None:
    """Also by an operator that has lost its store, for a policy that was frozen meanwhile."""
    allow(stage)
    cloud.control.mutate({"op": "put", "finding": threat()})
    stage.target(products=["Security Hub", "GuardDuty"])
    policy(stage, match=[{"products": ["GuardDuty"]}])
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    assert mark(finding(cloud))[1] == f"{stage.namespace}/logs"

    stage.target(products=["Security Hub"])
    operator.wait(lambda: is_as_before(cloud), "the finding to be as it was")

    stage.target(products=["Security Hub", "GuardDuty"])
    operator.wait(lambda: not is_as_before(cloud), "the finding to be suppressed again")
    policy(stage, match=[{"products": ["GuardDuty"]}], suspend=True)
    operator.wait(lambda: stage.condition("Ready", "logs", PLURAL)["reason"] == "Suspended", "the freeze")
    operator.kill()
    shutil.rmtree(operator.data_dir)
    operator.data_dir.mkdir()
    stage.target(products=["Security Hub"])
    operator.start()
    operator.wait(stage.is_current, "a score without a store", seconds=60)
    assert not is_as_before(cloud)
    stage.kubectl("delete", "suppressionpolicy", "logs", "--wait=false")
    operator.wait(lambda: not stage.get("logs", PLURAL), "the policy to go", seconds=60)
    assert is_as_before(cloud)
