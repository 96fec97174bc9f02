"""RemediationRules that plan: what they would do, why not, and that nothing is ever written."""

from collections import Counter

from sandbox.cloud import Cloud
from tests.support.e2e.abandoned import events
from tests.support.e2e.exceptions import in_hours, policy
from tests.support.e2e.rules import (
    ACCOUNT_BLOCK,
    INGRESS,
    OLD_KEYS,
    PLURAL,
    allow,
    columns,
    fail,
    failing,
    ready,
    recounted,
    rule,
    status,
    totals,
)
from tests.support.e2e.stage import Stage

COLUMNS = "NAME TARGET MODE ACTION CANDIDATES PENDING SUCCEEDED FAILED SKIPPED READY AGE"
PORTS = ["EC2.18", "EC2.19"]
PLANNED = ("True", "DryRun")


def test_rules_show_their_plans_and_what_keeps_them_from_acting(stage: Stage, cloud: Cloud) -> None:
    for control in ("S3.1", *PORTS, "IAM.3"):
        fail(cloud, control)
    by_hand = failing(cloud, ["S3.1"])[0]
    cloud.control.mutate({"op": "workflow", "id": by_hand["Id"], "status": "SUPPRESSED"})
    allow(stage)
    stage.target()
    rule(stage, "public-buckets", ACCOUNT_BLOCK, ["S3.1"])
    rule(stage, "open-ports", INGRESS, PORTS)
    rule(stage, "old-keys", OLD_KEYS, ["IAM.3"], delay="24h")
    rule(stage, "careful", ACCOUNT_BLOCK, ["S3.1"], limits={"percent": 20})
    operator = stage.operator()
    names = ("public-buckets", "open-ports", "old-keys", "careful")
    operator.wait(lambda: all(ready(stage, name) == PLANNED for name in names), "the plans", seconds=60)

    accounts = recounted(failing(cloud, ["S3.1"]), "AwsAccount")
    assert accounts == {"Planned": 8, "Suppressed": 1}
    assert totals(stage, "public-buckets") == accounts
    groups = recounted(failing(cloud, PORTS), "AwsEc2SecurityGroup")
    assert 0 < groups.total() < len(failing(cloud, PORTS)), "a group is one, whatever fails of it"
    # Nothing but findings knows these groups: whoever looks at them live finds none.
    gone = Counter({"ResourceGone" if each == "Planned" else each: count for each, count in groups.items()})
    assert totals(stage, "open-ports") == gone
    users = recounted(failing(cloud, ["IAM.3"]), "AwsIamUser")
    assert totals(stage, "old-keys") == {"Delayed": users.total()}, "none is known to fail for a day"
    # A fifth of nine accounts, rounded up.
    assert totals(stage, "careful") == {"Planned": 2, "CapReached": 6, "Suppressed": 1}
    spared = [each for each in status(stage, "public-buckets")["plan"] if each["decision"] == "Skip"]
    assert [(each["accountId"], each["findingId"]) for each in spared] == [
        (by_hand["AwsAccountId"], by_hand["Id"])
    ]

    table = columns(stage)
    assert table[""] == COLUMNS.split()
    said = ["organization", "DryRun", ACCOUNT_BLOCK, "9", "8", "0", "0", "1", "True"]
    assert table["public-buckets"][1:10] == said
    labels = {"namespace": stage.namespace, "rule": "public-buckets", "target": "organization"}
    counted = {("remediate", "planned"): 8, ("skip", "suppressed"): 1}
    for (decision, reason), number in counted.items():
        found = operator.value("posture_remediation_candidates", decision=decision, reason=reason, **labels)
        assert found == number

    stage.kubectl("annotate", "rrule", "open-ports", "posture.dev/requestedAt=now")
    operator.wait(lambda: status(stage, "open-ports").get("lastHandledRequest") == "now", "the echo")
    assert "DryRun" in events(stage, "open-ports")
    stage.kubectl("delete", "rrule", "public-buckets")
    operator.wait(
        lambda: operator.value("posture_remediation_candidates", decision="remediate", **labels) is None,
        "its series to go",
    )
    assert cloud.control.call_total("BatchUpdateFindings") == 0


def test_exceptions_and_policies_keep_a_rule_from_acting(stage: Stage, cloud: Cloud) -> None:
    fail(cloud, "S3.1")
    allow(stage)
    stage.target()
    rule(stage, "public-buckets", ACCOUNT_BLOCK, ["S3.1"])
    operator = stage.operator()
    operator.wait(lambda: totals(stage, "public-buckets") == {"Planned": 9}, "the plan", seconds=60)
    excepted = failing(cloud, ["S3.1"])[1]["AwsAccountId"]
    rule(stage, "public-buckets", ACCOUNT_BLOCK, ["S3.1"], exceptions=[{"accounts": [excepted]}])
    expected = {"Planned": 8, "Excepted": 1}
    operator.wait(lambda: totals(stage, "public-buckets") == expected, "the exception to be heeded")

    # Not one of these suppresses anything, and each of them protects.
    others = [each["AwsAccountId"] for each in failing(cloud, ["S3.1"])[2:5]]
    match = {"controls": ["S3.1"]}
    policy(stage, "dry", match=[{**match, "accounts": [others[0]]}], mode="DryRun")
    policy(stage, "suspended", match=[{**match, "accounts": [others[1]]}], suspend=True)
    policy(stage, "stalled", match=[{**match, "accounts": [others[2]]}], expiresAt="2099-01-01T00:00:00Z")
    protected = {"Planned": 5, "Suppressed": 3, "Excepted": 1}
    operator.wait(lambda: totals(stage, "public-buckets") == protected, "the policies to protect")
    (entry,) = [each for each in status(stage, "public-buckets")["plan"] if each["accountId"] == others[0]]
    assert f"{stage.namespace}/dry" in entry["message"]
    policy(stage, "dry", match=[{**match, "accounts": [others[0]]}], mode="DryRun", expiresAt=in_hours(0.001))
    after = {"Planned": 6, "Suppressed": 2, "Excepted": 1}
    operator.wait(lambda: totals(stage, "public-buckets") == after, "the end of an exception")
    assert cloud.control.call_total("BatchUpdateFindings") == 0


def test_a_rule_says_what_stands_in_its_way(stage: Stage, cloud: Cloud) -> None:
    fail(cloud, "S3.1")
    stage.target()
    rule(stage, "example", ACCOUNT_BLOCK, ["S3.1"])
    rule(stage, "unknown", "s3-make-coffee", ["S3.1"])
    rule(stage, "lost", ACCOUNT_BLOCK, ["S3.1"], targetRef={"name": "nowhere"})
    operator = stage.operator()
    operator.wait(lambda: ready(stage, "example") == ("False", "NotGranted"), "the refusal", seconds=60)
    message = stage.condition("Stalled", "example", PLURAL)["message"]
    assert "add below grants in the operator's configuration" in message
    assert "Remediate" in message
    assert "candidates" not in status(stage, "example")
    operator.wait(lambda: ready(stage, "lost") == ("False", "TargetNotFound"), "the missing target")

    allow(stage)
    operator.wait(lambda: ready(stage, "example") == PLANNED, "what is granted now", seconds=60)
    assert totals(stage, "example") == recounted(failing(cloud, ["S3.1"]), "AwsAccount")
    operator.wait(lambda: ready(stage, "unknown") == ("False", "UnknownAction"), "the unknown action")
    assert ACCOUNT_BLOCK in stage.condition("Stalled", "unknown", PLURAL)["message"]

    rule(stage, "example", ACCOUNT_BLOCK, ["S3.1"], mode="Enforce")
    operator.wait(lambda: ready(stage, "example") == ("False", "NotGranted"), "the highest mode granted")
    rule(stage, "example", ACCOUNT_BLOCK, ["S3.1"], suspend=True)
    operator.wait(lambda: ready(stage, "example") == ("Unknown", "Suspended"), "the suspension")
    assert cloud.control.call_total("BatchUpdateFindings") == 0
