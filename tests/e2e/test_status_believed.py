"""A status is written by whoever may: none of it is taken for true, and none of it stops anything."""

import json
from typing import Any

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import allow, in_effect, in_hours, policy, reason, suppressed_by
from tests.support.e2e.stage import CIS_1_4, FSBP, Stage
from tests.support.e2e.statuses import agrees, patch_status

PERFECT: dict[str, Any] = {"score": 100, "passed": 200, "scored": 200}
"""A headline that nothing in the cloud supports."""
EXACT = {"type": "ScoreCurrent", "status": "True", "reason": "Exact", "message": "The score is exact."}
UNREADABLE = "0000-01-01T00:00:00Z"


def pin(stage: Stage, name: str, score_time: str, **fields: Any) -> None:
    patch_status(
        stage, "posturetarget", name,
        **PERFECT, scoreTime=score_time,
        standards=[{"standard": each, **PERFECT} for each in (FSBP, CIS_1_4)],
        conditions=[{**EXACT, "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        **fields,
    )  # fmt: skip


@pytest.mark.parametrize("hours", [24 * 365 * 70, 0.005, 0])
def test_a_score_that_somebody_wrote_into_the_status_is_overwritten(stage: Stage, hours: float) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    pin(stage, name, in_hours(hours))
    operator.wait(lambda: stage.status(name)["score"] != 100, "our own score", seconds=60)
    operator.wait(lambda: stage.is_current(name), "a current score")
    assert agrees(stage, operator, name)
    assert stage.status(name)["scoreTime"] <= in_hours(0)


@pytest.mark.parametrize("hours", [24 * 365 * 70, 0])
def test_a_new_holder_that_cannot_read_security_hub_vouches_for_no_score(stage: Stage, hours: float) -> None:
    name = stage.target(interval="1h")
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    operator.stop()
    score_time = in_hours(hours)
    pin(stage, name, score_time)
    successor = stage.operator(
        "replica-1", environment={"AWS_ENDPOINT_URL_SECURITYHUB": "http://127.0.0.1:9"}
    )
    successor.wait(
        lambda: stage.condition("Ready", name)["reason"] == "EndpointUnreachable", "its trouble", seconds=60
    )
    assert stage.condition("ScoreCurrent", name)["status"] == "False"
    if hours:
        assert not successor.series("posture_target_score_ratio", target=name)
        assert "score" not in stage.status(name)
    else:
        # Nothing tells it from one that a predecessor wrote: it is shown under the time that it names itself.
        assert successor.value("posture_target_score_ratio", target=name) == 1.0
        assert stage.status(name)["scoreTime"] == score_time


WORST: dict[str, dict[str, Any]] = {
    "suppressionpolicies": {
        "targetRef": {"name": "a" * 63},
        "justification": "\u202e\x1b[31m" + "é" * 100 + "\U0001f9ea" * 20,
        "approvedBy": "\U0001f9ea" * 100,
        "expiresAt": "9999-12-31T23:59:59-23:59",
        "review": {"interval": "999999h", "reviewedAt": "9999-12-31T23:59:59Z"},
        "suppressFindings": {"match": [{"titles": ["\x00\x1b*"]}], "maxFindings": 1},
    },
    "remediationrules": {
        "targetRef": {"name": "a" * 63},
        "match": [{"controls": ["*"]}],
        "action": {"builtin": {"name": "a" * 63, "parameters": {"\x1b": "\x00"}}},
    },
    "remediations": {
        "ruleRef": {"name": "a"},
        "targetRef": {"name": "a"},
        "action": {"builtin": {"name": "a"}},
        "resource": {"type": "\x1b", "id": "é" * 1024, "accountId": "111122223333", "region": "eu-west-1"},
        "finding": {"id": "é" * 1024, "productArn": "\x00"},
        "planHash": "0" * 16,
    },
    "posturetargets": {
        "aws": {"region": "xx-nowhere-9", "roleArn": "arn:aws:iam::999999999999:role/" + "r" * 64},
        "source": {"securityStandards": {"standards": [f"{n}{'s' * 120}/v/1" for n in range(20)]}},
    },
}
"""A spec of each kind that the API server takes, as odd as may be."""
_KIND = {
    "suppressionpolicies": "SuppressionPolicy",
    "remediationrules": "RemediationRule",
    "remediations": "Remediation",
    "posturetargets": "PostureTarget",
}


@pytest.mark.parametrize("request_text", ["x" * 5000, "\x1b[2J\u202e\U0001f9ea\x7f" * 400])
def test_the_oddest_objects_get_a_status_that_is_taken(stage: Stage, request_text: str) -> None:
    for plural, spec in WORST.items():
        stage.apply(_KIND[plural], "worst", spec)
        annotation = {"metadata": {"annotations": {"posture.dev/requestedAt": request_text}}}
        stage.kubectl("patch", plural, "worst", "--type=merge", "-p", json.dumps(annotation))
    spec = WORST["suppressionpolicies"]
    first = {
        **spec,
        "expiresAt": in_hours(1),
        "review": {"interval": "24h", "reviewedAt": "0001-01-01T00:00:00Z"},
    }
    stage.apply("SuppressionPolicy", "first-year", first)
    operator = stage.operator()
    for plural in WORST:
        operator.wait(
            lambda plural=plural: (
                stage.get("worst", plural).get("status", {}).get("lastHandledRequest")  # type: ignore[misc]
                == request_text[:1024]
            ),
            f"the status of {plural}",
            seconds=60,
        )
    operator.wait(
        lambda: (
            stage.get("first-year", "suppressionpolicies")["status"].get("reviewDueTime")
            == "0001-01-02T00:00:00Z"
        ),
        "the review that is long due",
    )
    worst = stage.get("worst", "suppressionpolicies")["status"]
    assert worst["reviewDueTime"] == "9999-12-31T23:59:59Z"
    assert operator.get("/readyz")[0] == 200
    assert "could not patch" not in operator.log()


@pytest.mark.parametrize(
    "garbage",
    [
        {"lastMatchedTime": UNREADABLE},
        {"disabledControls": [{"standard": "?", "control": "?", "region": "?", "status": "?"}]},
        {"lastMatchedTime": "2099-01-01T00:00:00Z", "reviewDueTime": UNREADABLE},
    ],
)
def test_a_policy_whose_status_cannot_be_read_takes_effect_and_expires(
    stage: Stage, cloud: Cloud, garbage: dict[str, Any]
) -> None:
    allow(stage)
    stage.target()
    logs = policy(stage, suspend=True)
    operator = stage.operator()
    operator.wait(lambda: reason(stage)[1] == "Suspended", "its first status", seconds=60)
    patch_status(stage, "suppressionpolicy", logs, **garbage)
    policy(stage, suspend=False)
    operator.wait(lambda: in_effect(stage), "it to be in effect", seconds=60)
    assert suppressed_by(cloud, f"{stage.namespace}/{logs}")
    assert operator.get("/readyz")[0] == 200
    operator.stop()
    patch_status(stage, "suppressionpolicy", logs, **garbage)
    policy(stage, expiresAt=in_hours(6 / 3600))
    operator.start()
    operator.wait(lambda: reason(stage, "Expired")[0] == "True", "its end", seconds=60)
    operator.wait(lambda: not suppressed_by(cloud, f"{stage.namespace}/{logs}"), "its findings to be open")
    assert operator.get("/readyz")[0] == 200
    assert "bug in the operator" not in operator.log()
