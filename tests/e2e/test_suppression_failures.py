"""Whatever dies or refuses, Security Hub ends up as declared."""

import json

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import (
    PLURAL,
    allow,
    failed,
    in_effect,
    people_suppressed,
    policy,
    reason,
    status,
    suppressed_by,
    workflows,
)
from tests.support.e2e.stage import Stage


def test_a_holder_killed_between_the_write_and_its_store_is_followed(stage: Stage, cloud: Cloud) -> None:
    # Long enough for a write to be answered late while the Lease is held.
    allow(stage, lease={"duration": "7s", "renewDeadline": "6s", "retry": "500ms"})
    stage.target()
    before = workflows(failed(cloud))
    ours = before.keys() - people_suppressed(cloud)
    mine = f"{stage.namespace}/logs"
    first = stage.operator("replica-0")
    first.wait(stage.is_current, "the first exact score", seconds=60)
    second = stage.operator("replica-1")
    cloud.control.settings(latency={"BatchUpdateFindings": 4})
    policy(stage)
    first.wait(lambda: suppressed_by(cloud, mine), "a write that is not answered yet")
    first.kill()
    cloud.control.settings(latency={})
    second.wait(lambda: in_effect(stage), "the other replica to take over", seconds=60)
    assert suppressed_by(cloud, mine) == ours
    previous = {
        each["Id"]: each["UserDefinedFields"]["posture.dev/previous"]
        for each in failed(cloud)
        if each["Id"] in ours
    }
    assert previous == {key: before[key] for key in ours}, "what was before is not lost"
    stage.kubectl("delete", "posturetarget/organization", "suppressionpolicy/logs", "--wait=false")
    second.wait(lambda: not stage.get("logs", PLURAL), "the policy to go")
    second.wait(lambda: not stage.get(), "its target to follow")
    assert workflows(failed(cloud)) == before


def test_partial_failures_are_met_by_their_kind(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    before = workflows(failed(cloud))
    ours = before.keys() - people_suppressed(cloud)
    mine = f"{stage.namespace}/logs"
    busy, gone = sorted(ours)[:2]
    rule = {"ids": [busy], "code": "ConcurrentUpdateError"}
    cloud.control.fault("unprocessed", "BatchUpdateFindings", count=2, options=rule)
    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    cloud.control.mutate({"op": "delete", "id": gone})
    policy(stage)
    operator.wait(lambda: in_effect(stage), "the policy to be in effect")
    assert suppressed_by(cloud, mine) == ours - {gone}, "what was busy was written again"
    assert (status(stage)["matched"], status(stage)["failed"]) == (len(before) - 1, 0)

    refused = min(workflows(failed(cloud, "EFS.*")))
    rule = {"ids": [refused], "code": "InvalidInput", "message": "The note is not to our taste."}
    cloud.control.fault("unprocessed", "BatchUpdateFindings", count=None, options=rule)
    policy(stage, "files", match=[{"controls": ["EFS.*"]}])
    operator.wait(lambda: reason(stage, name="files") == ("False", "WritesRefused"), "what was refused")
    (failure,) = status(stage, "files")["failures"]
    assert failure == {"id": refused, "reason": "InvalidInput", "message": "The note is not to our taste."}
    assert status(stage, "files")["failed"] == 1
    assert refused not in suppressed_by(cloud, f"{stage.namespace}/files")
    cloud.control.lift_faults()
    operator.wait(lambda: in_effect(stage, "files"), "a later try")
    assert refused in suppressed_by(cloud, f"{stage.namespace}/files")
    cloud.control.fault("denied", "BatchUpdateFindings", count=None)
    stage.kubectl("delete", "suppressionpolicy", "logs", "--wait=false")
    operator.wait(
        lambda: "AccessDenied" in stage.condition("Ready", "logs", PLURAL)["message"], "the refusal"
    )
    assert stage.get("logs", PLURAL), "it waits for the rights"
    cloud.control.lift_faults()
    operator.wait(lambda: not stage.get("logs", PLURAL), "the policy to go")


def test_another_clusters_marks_are_adopted_and_its_store_is_not_needed(stage: Stage, cloud: Cloud) -> None:
    allow(stage, ownerId="old-cluster")
    stage.target()
    before = workflows(failed(cloud))
    ours = before.keys() - people_suppressed(cloud)
    mine = f"{stage.namespace}/logs"
    policy(stage)
    old = stage.operator("old")
    old.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    assert suppressed_by(cloud, mine, "old-cluster") == ours
    old.stop()
    allow(stage, adoptFrom=["old-cluster"])
    new = stage.operator("new")
    new.wait(lambda: suppressed_by(cloud, mine) == ours, "the marks to be taken over", seconds=60)
    new.stop()
    stage.kubectl("patch", "suppressionpolicy", "logs", "--type=json", "-p", _without_finalizers())
    stage.kubectl("delete", "suppressionpolicy", "logs")
    new.start()
    new.wait(
        lambda: not suppressed_by(cloud, mine), "marks of a policy that is gone to be undone", seconds=60
    )
    assert workflows(failed(cloud)) == before


def _without_finalizers() -> str:
    return json.dumps([{"op": "remove", "path": "/metadata/finalizers"}])
