"""A deletion waits for its clean-up, but never for ever: an hour after it the object goes, and says so."""

from datetime import timedelta

from sandbox.cloud import Cloud
from tests.support.e2e.abandoned import LONGER, abandoned, events
from tests.support.e2e.exceptions import (
    PLURAL,
    allow,
    failed,
    in_effect,
    policy,
    suppressed_by,
    workflows,
)
from tests.support.e2e.past import backdate
from tests.support.e2e.stage import Stage

HOME = "111122223333"
NEARLY = timedelta(minutes=59)


def test_without_rights_a_target_or_a_hub_a_policy_goes_after_an_hour(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    stage.target("doomed")
    before = workflows(failed(cloud, "?*"))
    denied, ungranted, lost = (
        policy(stage, "denied", match=[{"controls": ["RDS.16"]}]),
        policy(stage, "ungranted", match=[{"controls": ["EC2.*"]}]),
        policy(stage, "lost", match=[{"controls": ["EFS.*"]}], targetRef={"name": "doomed"}),
    )
    operator = stage.operator()
    for name in (denied, ungranted, lost):
        operator.wait(lambda name=name: in_effect(stage, name), f"{name} to be in effect", seconds=60)  # type: ignore[misc]
    held = {name: suppressed_by(cloud, f"{stage.namespace}/{name}") for name in (denied, ungranted, lost)}
    assert all(held.values())

    # A person tore the target away: the policy itself tells where it is to be undone.
    stage.kubectl("delete", "posturetarget", "doomed", "--wait=false")
    stage.kubectl(
        "patch", "posturetarget", "doomed", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )
    delete(stage, lost)
    operator.wait(lambda: not stage.get(lost, PLURAL), "the policy without a target to go")
    del held[lost]
    assert workflows(failed(cloud, "EFS.*")).items() <= before.items()
    cloud.control.fault("denied", "BatchUpdateFindings", count=None)
    delete(stage, denied)
    operator.wait(lambda: "AccessDenied" in message(stage, denied), "AWS's refusal to be told")
    allow(stage, verbs=["Score"])
    delete(stage, ungranted)
    operator.wait(lambda: "Suppress" in message(stage, ungranted), "the missing grant to be told")
    assert {stage.condition("Ready", each, PLURAL)["reason"] for each in held} == {"Deleting"}

    backdate(stage, PLURAL, ungranted, "deletionTimestamp", NEARLY)
    backdate(stage, PLURAL, denied, "deletionTimestamp", LONGER)
    operator.wait(lambda: not stage.get(denied, PLURAL), "the first to go")
    assert stage.get(ungranted, PLURAL), "its hour is not over"
    backdate(stage, PLURAL, ungranted, "deletionTimestamp", LONGER)
    operator.wait(lambda: not stage.get(ungranted, PLURAL), "the other to go")
    for name, words in (
        (denied, f"{len(held[denied])} findings"),
        (ungranted, f"{len(held[ungranted])} findings"),
    ):
        assert words in abandoned(stage, name)
        assert suppressed_by(cloud, f"{stage.namespace}/{name}") == held[name], "as the event says"
    # With the rights back, what nobody declares any longer ends after all.
    allow(stage)
    cloud.control.lift_faults()
    operator.wait(lambda: workflows(failed(cloud, "?*")) == before, "what was left to be reopened")

    hubless = policy(stage, "hubless", match=[{"controls": ["RDS.19"]}])
    operator.wait(lambda: in_effect(stage, hubless), "the last policy to be in effect")
    cloud.control.hub(HOME, "eu-west-1", enabled=False)
    stage.kubectl("delete", f"suppressionpolicy/{hubless}", "posturetarget/organization", "--wait=false")
    operator.wait(lambda: "WaitingForPolicies" in events(stage), "the target to wait for its policy")
    operator.wait(lambda: "not subscribed" in message(stage, hubless), "the missing hub to be told")
    assert stage.get(hubless, PLURAL)
    backdate(stage, "posturetargets", "organization", "deletionTimestamp", LONGER)
    operator.wait(lambda: not stage.get(), "the target to go")
    assert f"{stage.namespace}/{hubless}" in abandoned(stage, "organization")
    backdate(stage, PLURAL, hubless, "deletionTimestamp", LONGER)
    operator.wait(lambda: not stage.get(hubless, PLURAL), "the policy to go")
    assert "stays suppressed" in abandoned(stage, hubless)


def delete(stage: Stage, name: str) -> None:
    stage.kubectl("delete", "suppressionpolicy", name, "--wait=false")


def message(stage: Stage, name: str) -> str:
    return str(stage.condition("Ready", name, PLURAL)["message"])
