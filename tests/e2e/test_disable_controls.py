"""Controls that a policy turns off: in the cloud, in the score, and on again when the policy ends."""

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.controls import (
    HOME,
    REGION,
    UPDATE,
    accounts,
    allow,
    failing,
    is_off,
    marked,
    policy,
    switch,
)
from tests.support.e2e.exceptions import OWNER, PLURAL, in_effect, in_hours, reason, status
from tests.support.e2e.stage import FSBP, Stage


def scores(operator: OperatorProcess, account: str) -> tuple[float | None, float | None]:
    """Return an account's score, and its unsuppressed score."""
    where = {"standard": FSBP, "account_id": account}
    return (
        operator.value("posture_account_score_ratio", **where),
        operator.value("posture_account_unsuppressed_score_ratio", **where),
    )


def findings(operator: OperatorProcess, account: str, **labels: str) -> float:
    """Return how many findings of an account the page counts."""
    found = operator.series("posture_findings", account_id=account, product="Security Hub", **labels)
    return sum(each.value for each in found)


def test_a_control_is_turned_off_and_on_again(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    everywhere, one = accounts(cloud), failing(cloud)[0]
    theirs = next(each for each in everywhere if each not in {one, HOME})
    switch(cloud, theirs, on=False, why="Ours is different")
    ours = [each for each in everywhere if each != theirs]
    before, counted = scores(operator, one), findings(operator, one)
    assert before[0] is not None

    name = policy(stage)
    operator.wait(lambda: in_effect(stage, name), "the policy to be in effect", seconds=60)
    assert marked(cloud, ours, name, stage)
    assert is_off(cloud, theirs) == "Ours is different"
    assert (status(stage, name)["matched"], status(stage, name)["suppressed"]) == (9, 8)
    operator.wait(lambda: (scores(operator, one)[0] or 0) > (before[0] or 1), "the score to follow")
    assert scores(operator, one)[1] == before[1]
    assert findings(operator, one) == counted
    assert findings(operator, one, state="disabled") > 0

    # The hub's own account, asked anew, says that it is off there: it is so in no other account.
    stage.kubectl("annotate", "posturetarget", "organization", "posture.dev/requestedAt=now")
    operator.wait(lambda: stage.status().get("lastHandledRequest") == "now", "a discovery")
    assert scores(operator, one)[1] == before[1]

    stage.kubectl("delete", "suppressionpolicy", name, "--wait=false")
    operator.wait(lambda: not stage.get(name, PLURAL), "the policy to go", seconds=60)
    assert [is_off(cloud, each) for each in ours] == [None] * len(ours)
    assert is_off(cloud, theirs) == "Ours is different"
    operator.wait(lambda: scores(operator, one) == before, "the score to return")


def test_what_was_turned_off_before_kill_9_is_turned_on_though_the_policy_narrows(
    stage: Stage, cloud: Cloud
) -> None:
    allow(stage)
    stage.target()
    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    # The other replica has nothing of what the first one stores.
    successor = stage.operator("replica-1")
    everywhere = accounts(cloud)
    cloud.control.fault("slow", UPDATE, after=2, count=None, options={"seconds": 20})
    name = policy(stage)
    operator.wait(lambda: cloud.control.call_total(UPDATE) >= 4, "writes in flight", seconds=30)
    operator.kill()
    cloud.control.lift_faults()
    off = [each for each in everywhere if is_off(cloud, each)]
    # What was asked for is done, and nobody was told.
    assert len(off) > 2
    kept = off[0]
    policy(stage, name, accounts=[kept])
    successor.wait(lambda: in_effect(stage, name), "the policy to be in effect", seconds=60)
    assert [each for each in everywhere if is_off(cloud, each)] == [kept]
    assert marked(cloud, [kept], name, stage)


def test_trouble_drift_and_expiry(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    first, second, *others = accounts(cloud)
    switch(cloud, second, on=False, why="Ours is different")
    cloud.control.fault("denied", "GetEnabledStandards", account=first, count=None)

    name = policy(stage, mode="DryRun")
    operator.wait(lambda: reason(stage, name=name) == ("True", "DryRun"), "the dry run")
    operator.wait(lambda: status(stage, name).get("wouldSuppress") == len(others), "what it would do")
    assert not any(is_off(cloud, each) for each in others)

    policy(stage, name)
    operator.wait(lambda: marked(cloud, others, name, stage), "the other accounts")
    operator.wait(lambda: reason(stage, name=name) == ("False", "AccessDenied"), "one account's trouble")
    assert [each["id"] for each in status(stage, name)["failures"]] == [f"{first} {REGION}"]
    cloud.control.lift_faults()
    operator.wait(lambda: in_effect(stage, name), "the policy to be in effect", seconds=60)
    assert marked(cloud, [first], name, stage)

    switch(cloud, first, on=True)
    operator.wait(lambda: marked(cloud, [first], name, stage), "what was undone to be done again")
    operator.wait(lambda: reason(stage, "Drifted", name)[0] == "True", "the drift to be told")
    assert status(stage, name)["drift"] == 1

    allow(stage, writes="Frozen")
    policy(stage, name, expiresAt=in_hours(6 / 3600))
    operator.wait(lambda: reason(stage, "Expired", name)[0] == "True", "the end")
    assert marked(cloud, others, name, stage)
    allow(stage)
    operator.wait(lambda: reason(stage, name=name) == ("False", "Expired"), "the end to be done")
    operator.wait(lambda: status(stage, name)["suppressed"] == 0, "the controls to be on again")
    assert [each for each in accounts(cloud) if is_off(cloud, each)] == [second]
    assert is_off(cloud, second) == "Ours is different"


def test_two_policies_hand_over_and_one_that_retains_leaves_it(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    one, *others = accounts(cloud)
    first, second = (
        policy(stage, "a-first"),
        policy(stage, "b-second", accounts=[one], deletionPolicy="Retain"),
    )
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage, first) and in_effect(stage, second), "both policies", seconds=60)
    assert (status(stage, first)["suppressed"], status(stage, second)["suppressed"]) == (len(others) + 1, 0)
    assert status(stage, second)["matched"] == 1

    stage.kubectl("delete", "suppressionpolicy", first, "--wait=false")
    operator.wait(lambda: not stage.get(first, PLURAL), "the first to go", seconds=30)
    assert marked(cloud, [one], second, stage)
    assert not any(is_off(cloud, each) for each in others)
    stage.kubectl("delete", "suppressionpolicy", second, "--wait=false")
    operator.wait(lambda: not stage.get(second, PLURAL), "the second to go", seconds=30)
    left = is_off(cloud, one)
    assert left is not None
    assert OWNER not in left
    assert second in left
    operator.wait(lambda: not stage.get()["metadata"].get("finalizers"), "nothing to hold the target")
