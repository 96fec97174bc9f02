"""A SuppressionPolicy's life: it suppresses, shows what it does, ends, and leaves the rest alone."""

import copy
import json
import uuid
from typing import Any

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import (
    PLURAL,
    Finding,
    allow,
    failed,
    in_effect,
    in_hours,
    mark,
    people_suppressed,
    policy,
    reason,
    status,
    suppressed_by,
    workflows,
)
from tests.support.e2e.stage import Stage

COLUMNS = ["NAME", "TARGET", "MATCHED", "SUPPRESSED", "EXPIRES", "REVIEW", "READY", "AGE"]


def test_a_policy_suppresses_and_its_deletion_reopens(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    before = workflows(failed(cloud))
    assert set(before.values()) == {"NEW", "RESOLVED", "SUPPRESSED"}
    people = people_suppressed(cloud)
    theirs = next(iter(before.keys() - people))
    cloud.control.mutate({"op": "workflow", "id": theirs, "user_fields": {"team": "storage"}, "note": "ours"})
    name = policy(stage, review={"interval": "168h"})
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    suppressed = failed(cloud)
    assert set(workflows(suppressed).values()) == {"SUPPRESSED"}
    assert suppressed_by(cloud, f"{stage.namespace}/{name}") == before.keys() - people
    assert {each["Id"] for each in suppressed if mark(each) == (None, None)} == people
    for each in suppressed:
        assert each["Id"] in people or is_documented(each)
        assert (each["Id"] == theirs) == ("team" in each.get("UserDefinedFields", {}))
    shown = status(stage)
    assert (shown["matched"], shown["suppressed"]) == (len(before), len(before) - len(people))
    assert (shown["failed"], shown["drift"]) == (0, 0)
    labels = {"namespace": stage.namespace, "policy": name, "target": "organization"}
    assert operator.value("posture_suppressed_findings", **labels) == shown["suppressed"]
    assert operator.value("posture_suppression_drift", **labels) == 0
    expires = operator.value("posture_suppression_expiry_timestamp_seconds", **labels) or 0
    due = operator.value("posture_suppression_review_due_timestamp_seconds", **labels) or 0
    assert 0 < due < expires
    header, row = stage.kubectl("get", PLURAL).splitlines()
    assert header.split() == COLUMNS
    assert row.split()[:4] == [name, "organization", str(len(before)), str(shown["suppressed"])]

    new = copy.deepcopy(find(cloud, theirs))
    new |= {"Id": f"{theirs}-{uuid.uuid4()}", "Workflow": {"Status": "NEW"}, "UserDefinedFields": {}}
    new["UpdatedAt"] = in_hours(0)
    cloud.control.mutate({"op": "put", "finding": new})
    fixed = next(iter(before.keys() - people - {theirs}))
    cloud.control.mutate({"op": "update", "id": fixed, "set": {"Compliance": passed(cloud, fixed)}})
    operator.wait(
        lambda: new["Id"] in suppressed_by(cloud, f"{stage.namespace}/{name}"), "a new finding to follow"
    )
    operator.wait(lambda: workflow(cloud, fixed) == "RESOLVED", "what has passed to be let go of")
    operator.wait(lambda: has_effect(stage), "the effect on the score, once it has moved")

    operator.kill()
    stage.kubectl("delete", "suppressionpolicy", name, "--wait=false")
    operator.start()
    operator.wait(lambda: not stage.get(name, PLURAL), "the policy to go", seconds=60)
    after = failed(cloud)
    assert workflows(after) == {**{k: v for k, v in before.items() if k != fixed}, new["Id"]: "NEW"}
    assert {mark(each) for each in after} == {(None, None)}
    assert find(cloud, theirs)["UserDefinedFields"]["team"] == "storage"
    operator.wait(lambda: not operator.series("posture_suppressed_findings"), "its series to go")


def test_what_narrows_or_expires_reopens(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    people = people_suppressed(cloud)
    before = {k: v for k, v in workflows(failed(cloud)).items() if k not in people}
    policy(stage)
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    mine = f"{stage.namespace}/logs"
    assert suppressed_by(cloud, mine) == before.keys()
    account = find(cloud, next(iter(before)))["AwsAccountId"]
    excepted = {key for key in before if find(cloud, key)["AwsAccountId"] == account}
    policy(stage, exceptions=[{"accounts": [account]}])
    operator.wait(lambda: suppressed_by(cloud, mine) == before.keys() - excepted, "exceptions to reopen")
    assert {workflow(cloud, key) for key in excepted} == {before[key] for key in excepted}
    policy(stage, match=[{"controls": ["RDS.19"]}])
    some = {each["Id"] for each in failed(cloud, "RDS.19")} - people
    operator.wait(lambda: suppressed_by(cloud, mine) == some, "the narrower policy")
    policy(stage, "heir", match=[{"controls": ["RDS.19"]}], suspend=False)
    operator.wait(lambda: in_effect(stage, "heir"), "the second policy")
    assert suppressed_by(cloud, f"{stage.namespace}/heir") == set()
    assert status(stage, "heir")["matched"] == len(some)

    policy(stage, match=[{"controls": ["RDS.19"]}], expiresAt=in_hours(3 / 3600))
    operator.wait(lambda: suppressed_by(cloud, f"{stage.namespace}/heir") == some, "the heir to take over")
    assert {workflow(cloud, key) for key in some} == {"SUPPRESSED"}, "without a gap"
    operator.wait(lambda: reason(stage, "Expired")[0] == "True", "the condition Expired")
    operator.wait(lambda: reason(stage, "Stalled") == ("True", "Expired"), "the first to say that it is over")
    policy(stage, "heir", match=[{"controls": ["RDS.19"]}], expiresAt=in_hours(2 / 3600))
    operator.wait(lambda: not suppressed_by(cloud, f"{stage.namespace}/heir"), "the heir's expiry")
    assert workflows(failed(cloud)) == before | dict.fromkeys(people, "SUPPRESSED")
    events = json.loads(stage.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
    assert {"Expired", "InEffect"} <= {each["reason"] for each in events}


def test_what_is_undone_is_made_again_and_counted(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    people = people_suppressed(cloud)
    policy(stage)
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    operator.wait(lambda: status(stage)["pending"] == 0, "our writes to be seen")
    mine = suppressed_by(cloud, f"{stage.namespace}/logs")
    assert status(stage)["drift"] == 0
    undone = sorted(mine)[:2]
    for key in undone:
        cloud.control.mutate({"op": "workflow", "id": key, "status": "NEW"})
    hand = next(iter(people))
    cloud.control.mutate({"op": "workflow", "id": hand, "status": "NOTIFIED"})
    operator.wait(lambda: status(stage)["drift"] == 2, "the drift to be counted")
    assert {workflow(cloud, key) for key in undone} == {"SUPPRESSED"}
    operator.wait(lambda: workflow(cloud, hand) == "SUPPRESSED", "what people opened to be suppressed by us")
    assert reason(stage, "Drifted") == ("True", "SuppressionsUndone")
    assert operator.value("posture_suppression_drift", policy="logs") == 2
    # Whoever undoes it again has it his way for longer than a poll.
    operator.wait(lambda: status(stage)["pending"] == 0, "our writes to be seen")
    cloud.control.mutate({"op": "workflow", "id": undone[0], "status": "NEW"})
    stage.kubectl("annotate", "suppressionpolicy", "logs", "posture.dev/requestedAt=now")
    operator.wait(lambda: status(stage).get("lastHandledRequest") == "now", "a poll after that")
    assert (workflow(cloud, undone[0]), workflow(cloud, undone[1])) == ("NEW", "SUPPRESSED")
    operator.wait(lambda: workflow(cloud, undone[0]) == "SUPPRESSED", "it to be made again all the same")


def test_a_write_that_aws_applies_late_is_not_repeated(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    cloud.control.settings(update_delay=9)
    ours = workflows(failed(cloud)).keys() - people_suppressed(cloud)
    policy(stage)
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    assert not suppressed_by(cloud, f"{stage.namespace}/logs")
    assert status(stage)["pending"] == len(ours)
    calls = cloud.control.call_total("BatchUpdateFindings")
    stage.kubectl("annotate", "suppressionpolicy", "logs", "posture.dev/requestedAt=again")
    operator.wait(lambda: status(stage).get("lastHandledRequest") == "again", "the echo")
    assert status(stage)["pending"] == len(ours), "not seen yet, though the poll was asked for"
    operator.wait(lambda: status(stage)["pending"] == 0, "the writes to be seen", seconds=60)
    assert suppressed_by(cloud, f"{stage.namespace}/logs") == ours
    assert cloud.control.call_total("BatchUpdateFindings") == calls


def is_documented(finding: Finding) -> bool:
    note = finding["Note"]
    words = ("Retention is handled", "SEC-2024-03", "security@example.com")
    return note["UpdatedBy"] == "posture-operator" and all(word in note["Text"] for word in words)


def has_effect(stage: Stage) -> bool:
    effect = status(stage)["effect"]
    assert effect["score"] >= effect["scoreWithout"]
    return bool(effect["score"] > effect["scoreWithout"])


def find(cloud: Cloud, finding_id: str) -> dict[str, Any]:
    return next(dict(each) for each in cloud.control.findings() if each["Id"] == finding_id)


def workflow(cloud: Cloud, finding_id: str) -> str:
    return str(find(cloud, finding_id)["Workflow"]["Status"])


def passed(cloud: Cloud, finding_id: str) -> dict[str, Any]:
    return {**find(cloud, finding_id)["Compliance"], "Status": "PASSED"}


def test_the_note_of_a_ticket_system_is_back_when_the_exception_ends(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    ticket, unnoted = [
        each["Id"] for each in failed(cloud, "RDS.19") if each["Workflow"]["Status"] != "SUPPRESSED"
    ][:2]
    note = '{"ticket": "SEC-482"}'
    cloud.control.mutate({"op": "workflow", "id": ticket, "status": "NOTIFIED", "note": note, "by": "jira"})
    policy(stage, match=[{"controls": ["RDS.19"]}])
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    suppressed = find(cloud, ticket)
    assert suppressed["Workflow"]["Status"] == "SUPPRESSED"
    assert is_documented(suppressed)
    assert suppressed["UserDefinedFields"]["posture.dev/previous-note"] == note
    assert "posture.dev/previous-note" not in find(cloud, unnoted)["UserDefinedFields"]
    # Written to a finding that is suppressed, and followed up before the exception ends.
    cloud.control.mutate({"op": "workflow", "id": ticket, "note": f"{note} closed", "by": "jira"})
    stage.kubectl("delete", "suppressionpolicy", "logs", "--wait=false")
    operator.wait(lambda: not stage.get("logs", PLURAL), "the policy to go", seconds=60)
    back = find(cloud, ticket)
    assert (back["Workflow"]["Status"], mark(back)) == ("NOTIFIED", (None, None))
    assert (back["Note"]["Text"], back["Note"]["UpdatedBy"]) == (f"{note} closed", "jira")
    assert find(cloud, unnoted)["Note"]["Text"].startswith("No longer suppressed by policy")
