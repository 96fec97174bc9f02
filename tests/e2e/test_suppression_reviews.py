"""What a policy says as time passes: reviews that are due, ends that come near, exceptions that are stale."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.operator_process import OperatorProcess
from tests.support.e2e import controls
from tests.support.e2e.exceptions import PLURAL, allow, in_effect, in_hours, policy, reason, status
from tests.support.e2e.past import backdate
from tests.support.e2e.stage import Stage

WEEK = timedelta(days=7)
LONG_AGO = timedelta(days=8)
IDLE = [{"controls": ["Nothing.1"]}]
REVIEW_DUE = "posture_suppression_review_due_timestamp_seconds"


def test_reviews_ends_and_stale_exceptions_are_told(stage: Stage) -> None:
    both = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score", "Suppress", "DisableControls"],
        "disableControls": {"roleNames": [controls.ROLE]},
    }
    allow(stage, grants=[both])
    stage.target()
    weekly: dict[str, Any] = {"review": {"interval": "168h"}}
    ending = in_hours(24 * 13)
    logs, idle = policy(stage, expiresAt=ending, **weekly), policy(stage, "idle", match=IDLE)
    secrets = controls.policy(stage, "secrets", expiresAt=ending, **weekly)
    stale = controls.policy(stage, "stale", controls=["Nothing.1"])
    operator = stage.operator()
    everything = (logs, idle, secrets, stale)
    for name in everything:
        operator.wait(lambda name=name: in_effect(stage, name), f"{name} to be in effect", seconds=60)  # type: ignore[misc]
        assert reason(stage, "ReviewDue", name)[0] == "False"
        assert reason(stage, name=name) == ("True", "InEffect"), "not stale yet"
    for name in (logs, secrets):
        assert f"It expires soon: at {ending}" in stage.condition("Ready", name, PLURAL)["message"]
        expiry = operator.value("posture_suppression_expiry_timestamp_seconds", policy=name)
        assert expiry == datetime.fromisoformat(ending).timestamp()
    assert "soon" not in stage.condition("Ready", idle, PLURAL)["message"]
    assert [operator.value(REVIEW_DUE, policy=name) for name in (idle, stale)] == [None, None]

    for name in everything:
        backdate(stage, PLURAL, name, "creationTimestamp", LONG_AGO)
    for name in (logs, secrets):
        operator.wait(lambda name=name: reason(stage, "ReviewDue", name) == ("True", "ReviewDue"), "a review")  # type: ignore[misc]
        created = datetime.fromisoformat(stage.get(name, PLURAL)["metadata"]["creationTimestamp"])
        shows(operator, name, due=created + WEEK, is_due=1)
        assert status(stage, name)["reviewDueTime"] == f"{created + WEEK:%Y-%m-%dT%H:%M:%SZ}"
        assert "ReviewDue" in told(stage, name)
        operator.wait(lambda name=name: in_effect(stage, name), "it to be in effect all the same")  # type: ignore[misc]
    for name in (idle, stale):
        operator.wait(lambda name=name: reason(stage, name=name) == ("True", "MatchesNothing"), "idleness")  # type: ignore[misc]
        assert "MatchesNothing" in told(stage, name)

    reviewed = datetime.now(UTC).replace(microsecond=0)
    weekly["review"]["reviewedAt"] = f"{reviewed:%Y-%m-%dT%H:%M:%SZ}"
    policy(stage, expiresAt=ending, **weekly)
    controls.policy(stage, "secrets", expiresAt=ending, **weekly)
    for name in (logs, secrets):
        operator.wait(lambda name=name: reason(stage, "ReviewDue", name)[1] == "Reviewed", "the review")  # type: ignore[misc]
        shows(operator, name, due=reviewed + WEEK, is_due=0)
    policy(stage, "idle", match=[{"controls": ["EFS.4"]}])
    operator.wait(lambda: reason(stage, name=idle) == ("True", "InEffect"), "what matches again")
    policy(stage, "idle", match=IDLE)
    operator.wait(lambda: status(stage, idle)["matched"] == 0 and in_effect(stage, idle), "no match any more")
    assert reason(stage, name=idle) == ("True", "InEffect"), "a week is given"
    forget(stage, idle, LONG_AGO)
    operator.wait(lambda: reason(stage, name=idle) == ("True", "MatchesNothing"), "a week without a match")


def shows(operator: OperatorProcess, name: str, *, due: datetime, is_due: int) -> None:
    """Hold the metrics of a policy's review against what they must be, as soon as they are there."""

    def told_so() -> bool:
        found = operator.series(
            "posture_condition", kind="SuppressionPolicy", type="ReviewDue", status="True"
        )
        conditions = [each.value for each in found if each.labels["name"] == name]
        return (operator.value(REVIEW_DUE, policy=name), conditions) == (due.timestamp(), [is_due])

    operator.wait(told_so, "the metrics of the review")


def forget(stage: Stage, name: str, ago: timedelta) -> None:
    """Let the status say that the policy last matched so long ago."""
    then = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
    patch = json.dumps({"status": {"lastMatchedTime": then}})
    stage.kubectl("patch", "suppressionpolicy", name, "--subresource=status", "--type=merge", "-p", patch)


def told(stage: Stage, name: str) -> set[str]:
    """Return the reasons of the events about a policy."""
    items = json.loads(stage.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
    return {each["reason"] for each in items if each["regarding"]["name"] == name}
