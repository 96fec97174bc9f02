"""Scores in CloudWatch: those of status, while it is away too, and of whom it may be."""

from typing import Any

from sandbox.operator_process import OperatorProcess
from tests.support.cloud_watch import values
from tests.support.e2e.stage import CIS_1_4, FSBP, Stage

ACCOUNT = "555566667777"
NAMESPACE = "SecurityPosture"


def output(name: str, *namespaces: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespaces": list(namespaces),
        "region": "eu-west-1",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/posture-metrics",
        "metricNamespace": NAMESPACE,
        "maxMetrics": 500,
    }


def count(operator: OperatorProcess, name: str, **labels: str) -> float:
    """One of the numbers of the output."""
    return (
        operator.value(f"posture_output_{name}", output="posture-metrics", kind="cloudwatch", **labels) or 0.0
    )


def ascii_of(workload: str) -> str:
    """A workload as CloudWatch can have it."""
    return workload.replace("Ü", r"\xdc").replace("ü", r"\xfc")


def polls(operator: OperatorProcess, stage: Stage, name: str) -> None:
    """Wait until a target has been polled once more, and is current."""
    before = stage.status(name)["sync"]["lastSuccessTime"]
    operator.wait(
        lambda: stage.is_current(name) and stage.status(name)["sync"]["lastSuccessTime"] > before,
        "one more poll",
        seconds=60,
    )


def test_scores_arrive_though_cloudwatch_was_away_and_only_of_who_may(stage: Stage) -> None:
    outputs = [output("posture-metrics", stage.namespace), output("of-others", "elsewhere")]
    stage.configure(outputs={"cloudWatch": outputs})
    # It answers nothing at all.
    stage.cloud.meddle("away", service="cloudwatch", operation="PutMetricData", account=ACCOUNT, hold="call")
    stage.target(publish=[{"output": "posture-metrics"}])
    stage.target("uninvited", publish=[{"output": "of-others"}])
    stage.target("mistaken", publish=[{"output": "metrics"}])
    operator = stage.operator()
    for name, reason in (
        ("organization", "AwsUnavailable"),
        ("uninvited", "NotGranted"),
        ("mistaken", "OutputNotFound"),
    ):
        operator.wait(
            lambda name=name, reason=reason: stage.condition("Published", name)["reason"] == reason,  # type: ignore[misc] # bound at once
            f"what becomes of {name}",
            seconds=90,
        )
        assert stage.condition("Published", name)["status"] == "False"
        # Nothing else suffers.
        operator.wait(lambda name=name: stage.is_current(name), f"the score of {name}", seconds=60)  # type: ignore[misc] # as above
        assert stage.condition("Ready", name)["status"] == "True"
    polls(operator, stage, "organization")
    (published,) = stage.status()["published"]
    assert published["output"] == "posture-metrics"
    assert published["queued"] > 0
    assert published["reason"] == "AwsUnavailable"
    assert "lastSuccessTime" not in published
    assert count(operator, "queue_length") > 0
    assert values(stage.cloud, ACCOUNT, NAMESPACE) == {}

    stage.cloud.lift("away")
    operator.wait(lambda: stage.condition("Published")["status"] == "True", "CloudWatch is back", seconds=90)
    status, found = stage.status(), values(stage.cloud, ACCOUNT, NAMESPACE)
    assert found["Score", "organization"] == [100 * status["passed"] / status["scored"]]
    assert found["Controls", "organization"] == [status["scored"]]
    assert found["Findings", "organization"] == [status["findings"]["failed"]["total"]]
    scores: dict[tuple[str, ...], list[float]] = {
        ("Score", f"organization/{each['standard']}"): [100 * each["passed"] / each["scored"]]
        for each in status["standards"]
    }
    scores |= {
        ("Score", f"organization/{each['standard']}", ascii_of(each["workload"]), each["environment"]): [
            100 * each["passed"] / each["scored"]
        ]
        for each in status["workloads"]
    }
    assert {key[1] for key in scores} == {f"organization/{standard}" for standard in (FSBP, CIS_1_4)}
    assert {key: found.get(key) for key in scores} == scores
    assert not [key for key in found if key[1].startswith(("uninvited", "mistaken"))]
    (published,) = status["published"]
    assert published["queued"] == 0
    assert "reason" not in published
    assert count(operator, "sent_total") == len(found)
    assert count(operator, "failed_total", reason="aws_unavailable") >= 1
    assert count(operator, "dropped_total") == 0
    told = {
        each.labels["name"]: each.labels["status"]
        for each in operator.series("posture_condition", type="Published")
        if each.value
    }
    assert told == {"organization": "True", "uninvited": "False", "mistaken": "False"}

    # Only the holder of the hub's Lease publishes; who takes over goes on with the same metrics.
    second = stage.operator("replica-1")
    second.wait(lambda: second.get("/readyz")[0] == 200, "the second replica to be ready")
    assert count(second, "sent_total") == 0
    operator.kill()
    second.wait(lambda: count(second, "sent_total") == len(found), "a takeover", seconds=90)
    after = values(stage.cloud, ACCOUNT, NAMESPACE)
    assert {key: set(each) for key, each in after.items()} == {key: set(each) for key, each in found.items()}
