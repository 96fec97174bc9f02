"""How an organization is set up: in a target's status and on the metrics page, over a restart too."""

import pytest

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import ORGANIZATION, Stage

HOME = "eu-west-1"
ALL = {
    "hub", "delegated_administrator", "aggregation", "members", "auto_enable_members",
    "auto_enable_standards", "auto_enable_controls", "central_configuration", "consolidated_findings",
    "config_recorder", "security_hub_v2",
}  # fmt: skip


@pytest.mark.timeout(300)
def test_a_set_up_is_told_as_it_is_and_what_may_not_be_asked_is_unknown(stage: Stage, cloud: Cloud) -> None:
    administrator = ORGANIZATION.seed()["administrator"]
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: shown(operator).keys() == ALL, "each part of the set-up", seconds=60)
    # Configuration is local in this organization, and nothing else is amiss.
    assert [check for check, good in shown(operator).items() if not good] == ["central_configuration"]
    assert told(stage)["CentralConfiguration"][0] == "Warning"
    assert "linked: all Regions" in told(stage)["Aggregation"][1]
    assert {status for status, _ in told(stage).values()} == {"Ok", "Warning"}

    member = max(cloud.control.members())
    cloud.control.hub(administrator, HOME, auto_enable_controls=False, second_version=True)
    cloud.control.members(status={member: "Removed"}, auto_enable=False)
    read_again(stage, "changed")
    operator.wait(lambda: shown(operator).get("security_hub_v2") == 0, "that V2 is on")
    assert shown(operator)["auto_enable_members"] == shown(operator)["auto_enable_controls"] == 0
    assert shown(operator)["members"] == 0
    assert f"{member} (Removed)" in told(stage)["Members"][1]
    # Where V2 is on, Config.1 passes whatever AWS Config does: nothing is known of it.
    assert "config_recorder" not in shown(operator)
    assert told(stage)["ConfigRecorder"][0] == "Unknown"
    assert "always passes" in told(stage)["ConfigRecorder"][1]

    cloud.control.fault("denied", "DescribeSecurityHubV2", count=None)
    read_again(stage, "denied")
    operator.wait(lambda: told(stage)["SecurityHubV2"][0] == "Unknown", "the denial to be told")
    assert "securityhub:DescribeSecurityHubV2" in told(stage)["SecurityHubV2"][1]
    assert "security_hub_v2" not in shown(operator)
    assert stage.is_current(name), "a right that is optional costs no score"

    # A restart asks nothing that is not an hour old, and knows what was found.
    before = shown(operator)
    operator.kill()
    cloud.control.reset_calls()
    again = stage.operator()
    again.wait(lambda: shown(again) == before, "what was known before", seconds=60)
    assert cloud.control.call_total("DescribeSecurityHubV2") == 0
    cloud.control.hub(administrator, HOME, enabled=False)
    again.wait(lambda: shown(again) == {"hub": 0}, "that Security Hub is off")
    assert told(stage)["Hub"][0] == "Failed"


def shown(operator: OperatorProcess) -> dict[str, float]:
    return {each.labels["check"]: each.value for each in operator.series("posture_setup_check")}


def told(stage: Stage) -> dict[str, tuple[str, str]]:
    return {
        each["check"]: (each["status"], each["message"])
        for each in stage.status("organization").get("organization", ())
    }


def read_again(stage: Stage, why: str) -> None:
    stage.kubectl("annotate", "--overwrite", "pt", "organization", f"posture.dev/requestedAt={why}")
