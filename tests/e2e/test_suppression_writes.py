"""What is written: in batches, once, not against the brake; and what it does to the score."""

import copy
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support import oracle
from tests.support.e2e.exceptions import (
    PLURAL,
    allow,
    failed,
    in_effect,
    mark,
    people_suppressed,
    policy,
    reason,
    status,
    suppressed_by,
)
from tests.support.e2e.stage import CIS_1_4, FSBP, ORGANIZATION, Stage
from tests.support.e2e.truth import hub_of

UPDATE = "BatchUpdateFindings"
BATCH = 100
COPIES = 230
# A call may last while the Lease is held.
PATIENT = {"duration": "15s", "renewDeadline": "14s", "retry": "500ms"}
LONGEST = {
    "justification": "Because " + "é" * 242,
    "approvedBy": "a" * 88 + "@example.com",
    "reference": "R" * 100,
    "owner": "t" * 100,
}
SEEN_AS = {"source": {"securityStandards": {"standards": [FSBP, CIS_1_4]}}}


def test_the_brake_stops_the_next_batch_and_what_is_written_is_written_once(
    stage: Stage, cloud: Cloud
) -> None:
    allow(stage, lease=PATIENT)
    stage.target()
    cloud.control.load(copies_of(failed(cloud, "RDS.16")[0]))
    ours = {each["Id"] for each in failed(cloud)} - people_suppressed(cloud)
    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    held = cloud.control.fault("held", UPDATE)
    policy(stage)
    mine = f"{stage.namespace}/logs"
    operator.wait(lambda: suppressed_by(cloud, mine), "the first batch, of which nobody is told yet")
    allow(stage, lease=PATIENT, writes="Frozen")
    operator.wait(lambda: operator.value("posture_writes_frozen") == 1, "the brake")
    cloud.control.lift_faults(held)
    operator.wait(lambda: reason(stage) == ("False", "WritesFrozen"), "what is held back to be told")
    first = suppressed_by(cloud, mine)
    assert 0 < len(first) <= BATCH
    assert cloud.control.call_total(UPDATE) == 1
    assert status(stage)["suppressed"] == len(first), "the store has what was accepted before the brake"
    assert status(stage)["pending"] == len(ours)

    # From here on reads show what was before, for longer than two polls. All of them: one that shows a write
    # and a later one that does not are taken for somebody's undoing it, and then it is repeated.
    cloud.control.staleness(12)
    allow(stage, lease=PATIENT)
    operator.wait(lambda: in_effect(stage), "the policy to be in effect")
    assert suppressed_by(cloud, mine) == ours
    calls = cloud.control.call_total(UPDATE)
    assert calls == 1 + -(-(len(ours) - len(first)) // BATCH) + kinds_of_change(cloud, ours) - 1
    for turn in ("again", "and again"):
        asked(stage, operator, turn)
        assert (status(stage)["drift"], status(stage)["suppressed"]) == (0, len(ours))
    cloud.control.staleness(0)
    operator.wait(lambda: status(stage)["pending"] == 0, "all writes to be seen")
    assert cloud.control.call_total(UPDATE) == calls, "no write was repeated"


def test_refusals_are_capped_the_effect_is_the_oracles_and_the_longest_words_fit(
    stage: Stage, cloud: Cloud
) -> None:
    # The other tests have an AWS that replaces the whole map of user-defined fields.
    cloud.control.settings(merge_user_fields=True)
    allow(stage, ownerId="o" * 63)
    stage.target()
    (before,) = failed(cloud, "SQS.1")
    theirs = {"team": "storage", "posture.dev-not": "ours"}
    cloud.control.mutate({"op": "workflow", "id": before["Id"], "user_fields": theirs})
    words = {"code": "InvalidInput", "message": "The note is not to our taste.", "findings": 1000}
    cloud.control.fault("unprocessed", UPDATE, count=None, options=words)
    policy(stage, match=[{"controls": ["RDS.*", "EC2.*", "Opensearch.*", "IAM.*"]}])
    operator = stage.operator()
    operator.wait(lambda: reason(stage) == ("False", "WritesRefused"), "the refusals", seconds=60)
    shown = status(stage)
    assert shown["failed"] > len(shown["failures"]) == 20
    assert {(each["reason"], each["message"]) for each in shown["failures"]} == {
        ("InvalidInput", words["message"])
    }
    assert str(shown["failed"]) in stage.condition("Ready", "logs", PLURAL)["message"]
    cloud.control.lift_faults()
    operator.wait(lambda: in_effect(stage), "a later try", seconds=40)

    name = "n" * 63
    match = [{"controls": ["RDS.16", "SQS.1"]}]
    policy(stage, name, match=match, **LONGEST)
    operator.wait(lambda: in_effect(stage, name), "the other policy")
    (after,) = failed(cloud, "SQS.1")
    assert mark(after) == ("o" * 63, f"{stage.namespace}/{name}")
    assert theirs.items() <= after["UserDefinedFields"].items()
    note = after["Note"]["Text"]
    assert len(note) <= 512
    expires = stage.get(name, PLURAL)["spec"]["expiresAt"]
    assert all(word in note for word in (name, LONGEST["reference"], LONGEST["approvedBy"], expires))
    assert note.endswith("…")
    for each in ("logs", name):
        operator.wait(lambda each=each: effect(stage, each) == true_effect(cloud, stage, each), "its effect")  # type: ignore[misc]
    assert effect(stage, "logs")[0] > effect(stage, "logs")[1]

    stage.kubectl("delete", "suppressionpolicy", name, "--wait=false")
    operator.wait(lambda: not stage.get(name, PLURAL), "the policy to go")
    (after,) = failed(cloud, "SQS.1")
    assert (mark(after), after["Workflow"]) == ((None, None), before["Workflow"])
    assert theirs.items() <= after["UserDefinedFields"].items()


def copies_of(finding: Any) -> list[dict[str, Any]]:
    """Return findings of the same control, one for each of many resources."""
    found = []
    for number in range(COPIES):
        each = copy.deepcopy(dict(finding))
        each["Id"] = f"{finding['Id']}-{number}"
        each["Resources"][0]["Id"] = f"{finding['Resources'][0]['Id']}-{number}"
        found.append(each)
    return found


def kinds_of_change(cloud: Cloud, ours: set[str]) -> int:
    """Return how many calls there must be at least: findings of one call have the same workflow before."""
    return len(
        {
            each["UserDefinedFields"]["posture.dev/previous"]
            for each in cloud.control.findings()
            if each["Id"] in ours
        }
    )


def asked(stage: Stage, operator: OperatorProcess, word: str) -> None:
    """Have the policy looked at anew, after a poll of its own."""
    stage.kubectl("annotate", "--overwrite", "spol", "logs", f"posture.dev/requestedAt={word}")
    operator.wait(lambda: status(stage).get("lastHandledRequest") == word, "the poll that was asked for")


def effect(stage: Stage, name: str) -> tuple[float, float]:
    """Return what the status says of the score, with the policy and without."""
    shown = status(stage, name).get("effect") or {}
    return shown.get("score", -1.0), shown.get("scoreWithout", -1.0)


def true_effect(cloud: Cloud, stage: Stage, name: str) -> tuple[float, float]:
    """Work out by the oracle what the status must say.

    Without the policy its findings have the workflow they had before, but for those that another policy
    matches as well: that would suppress them.
    """
    findings = list(cloud.control.findings())
    without = []
    for each in findings:
        mine = mark(each)[1] == f"{stage.namespace}/{name}"
        shared = each.get("Compliance", {}).get("SecurityControlId") == "RDS.16"
        before = each.get("UserDefinedFields", {}).get("posture.dev/previous")
        without.append({**each, "Workflow": {"Status": before}} if mine and not shared else each)
    return percent(findings), percent(without)


def percent(findings: list[dict[str, Any]]) -> float:
    truth = oracle.scores(findings, SEEN_AS, hub_of(ORGANIZATION), datetime.now(UTC))
    passed, scored = truth["target"]["aws"]
    return float(round(100 * passed / scored, 2))
