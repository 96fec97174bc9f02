"""What holds a policy back: grants, bounds, freezes; and what does not hold back its deletion."""

from typing import Any

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import (
    PLURAL,
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
from tests.support.e2e.stage import FSBP, Stage


def test_nothing_is_written_that_is_not_granted_or_too_much(stage: Stage, cloud: Cloud) -> None:
    before = workflows(failed(cloud))
    ours = before.keys() - people_suppressed(cloud)
    accounts = {each["Id"]: each["AwsAccountId"] for each in failed(cloud)}
    granted = accounts[min(ours)]
    stage.target()
    stage.configure(ownerId="test-cluster")
    policy(stage)
    policy(stage, "lost", targetRef={"name": "nowhere"})
    policy(stage, "endless", expiresAt=in_hours(24 * 500))
    policy(stage, "few", match=[{"controls": ["EC2.*"]}], maxFindings=1)
    operator = stage.operator()
    operator.wait(lambda: reason(stage) == ("False", "NotGranted"), "the missing verb", seconds=60)
    operator.wait(lambda: reason(stage, "Stalled", "lost") == ("True", "TargetNotFound"), "no target")
    assert workflows(failed(cloud)) == before
    assert cloud.control.call_total("BatchUpdateFindings") == 0

    # Two grants: one to look, and one to suppress in a single account.
    look = {
        "namespaces": [stage.namespace],
        "roleArns": ["arn:aws:iam::111122223333:role/posture-*"],
        "accounts": ["*"],
        "verbs": ["Score"],
    }
    write = {**look, "accounts": [granted], "verbs": ["Suppress"]}
    stage.configure(ownerId="test-cluster", grants=[look, write])
    operator.wait(lambda: reason(stage) == ("False", "AccountsNotGranted"), "the accounts that are missing")
    mine = suppressed_by(cloud, f"{stage.namespace}/logs")
    assert mine == {key for key in ours if accounts[key] == granted}
    allow(stage)
    operator.wait(lambda: in_effect(stage), "the policy to be in effect")
    assert suppressed_by(cloud, f"{stage.namespace}/logs") == ours
    assert reason(stage, "Stalled", "endless") == ("True", "ExpiresTooLate")
    operator.wait(lambda: reason(stage, "Stalled", "few") == ("True", "TooManyMatches"), "too many matches")
    assert str(status(stage, "few")["matched"]) in stage.condition("Ready", "few", PLURAL)["message"]
    assert not suppressed_by(cloud, f"{stage.namespace}/few")
    policy(stage, maxFindings=1)
    operator.wait(lambda: reason(stage, "Stalled") == ("True", "TooManyMatches"), "the lower bound")
    assert suppressed_by(cloud, f"{stage.namespace}/logs") == ours, "what is suppressed stays"

    # One of which nothing has ever spoken: one that is off at home may be on in members.
    stage.target(source={"securityStandards": {"standards": [FSBP, "pci-dss/v/3.2.1"]}})
    operator.wait(lambda: reason(stage, "Stalled") == ("True", "TargetIncomplete"), "the missing standard")
    assert suppressed_by(cloud, f"{stage.namespace}/logs") == ours, "nothing follows from what is not listed"


def test_freezes_hold_everything_but_the_end(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    before = workflows(failed(cloud))
    ours = before.keys() - people_suppressed(cloud)
    retaining: dict[str, Any] = {
        "dry": {"control": "EFS.4", "freeze": {"mode": "DryRun"}, "reason": "DryRun"},
        "live": {"control": "EC2.*", "freeze": {}, "reason": "InEffect"},
    }
    for name, how in retaining.items():
        policy(stage, name, match=[{"controls": [how["control"]]}])
    policy(stage, mode="DryRun")
    operator = stage.operator()
    operator.wait(lambda: status(stage).get("wouldSuppress") == len(ours), "the dry run", seconds=60)
    assert reason(stage) == ("True", "DryRun")
    assert workflows(failed(cloud)) == before
    policy(stage)
    operator.wait(lambda: suppressed_by(cloud, f"{stage.namespace}/logs") == ours, "the policy's findings")
    other = [{"controls": ["RDS.19"]}]
    policy(stage, suspend=True, match=other)
    kept = {each["Id"] for each in failed(cloud, "RDS.19")}
    operator.wait(lambda: status(stage).get("wouldReopen") == len(ours - kept), "what it would reopen")
    assert reason(stage) == ("Unknown", "Suspended")
    assert suppressed_by(cloud, f"{stage.namespace}/logs") == ours
    allow(stage, writes="Frozen")
    operator.wait(lambda: operator.value("posture_writes_frozen") == 1, "the configuration to be read")
    policy(stage, match=other)
    operator.wait(lambda: reason(stage) == ("False", "WritesFrozen"), "the brake")
    assert operator.value("posture_writes_frozen") == 1
    assert suppressed_by(cloud, f"{stage.namespace}/logs") == ours

    policy(stage, suspend=True, deletionPolicy="Retain")
    operator.wait(lambda: reason(stage) == ("Unknown", "Suspended"), "the suspension")
    for name, how in retaining.items():
        policy(stage, name, match=[{"controls": [how["control"]]}], deletionPolicy="Retain", **how["freeze"])
        operator.wait(lambda name=name, how=how: reason(stage, name=name)[1] == how["reason"], "the freeze")  # type: ignore[misc]
    kept = suppressed(cloud)
    stage.kubectl("delete", "suppressionpolicy", "logs", *retaining, "--wait=false")
    for name in ("logs", *retaining):
        operator.wait(lambda name=name: not stage.get(name, PLURAL), "it to go although nothing is written")  # type: ignore[misc]
    policy(stage, "thawed", match=[{"controls": ["SQS.1"]}], deletionPolicy="Retain")
    allow(stage)
    operator.wait(lambda: in_effect(stage, "thawed"), "writes again")
    stage.kubectl("delete", "suppressionpolicy", "thawed", "--wait=false")
    operator.wait(lambda: not stage.get("thawed", PLURAL), "a retained policy that nothing holds back")
    operator.wait(lambda: not marked(cloud), "the marks to go")
    assert suppressed(cloud) == kept | set(workflows(failed(cloud, "SQS.1")))
    assert ours <= kept


def suppressed(cloud: Cloud) -> set[str]:
    return {key for key, found in workflows(failed(cloud, "?*")).items() if found == "SUPPRESSED"}


def marked(cloud: Cloud) -> set[str]:
    return {each["Id"] for each in failed(cloud, "?*") if mark(each) != (None, None)}
