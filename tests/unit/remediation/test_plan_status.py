"""What rules say of themselves: recounted from all findings, and one by one where the facts are fine."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from posture.config.model import Config
from posture.domain.findings import Check, CheckSource, Compliance, Finding, Resource, Severity, Workflow
from posture.domain.selection.selectors import Selector
from posture.domain.time import HOUR, text_of
from tests.support.examples import seeds
from tests.support.hub_on_paper import GRANT, policy, target
from tests.support.oracle import remediation as oracle
from tests.support.policies import NOW
from tests.support.rows import FSBP, finding
from tests.support.rules_on_paper import GRANTED, REMEDIATE, RuleScene, rule

TWO = "444455556666"
TAG = ("Posture.dev/Remediation", "OFF")


def check(control: str) -> Check:
    return Check("Security Hub", CheckSource.SECURITY_HUB, control, numbered=False, standards=(FSBP,))


def user(name: str, account: str = GRANTED, *tags: tuple[str, str]) -> Resource:
    return Resource("AwsIamUser", f"arn:aws:iam::{account}:user/{name}", tags)


def key(name: str = "anna", number: int | str = 1, **fields: Any) -> Finding:
    return finding(number, check=check("IAM.1"), resources=(user(name),), updated_at=NOW, **fields)


def drawn(random: Random) -> list[Finding]:
    """Findings of users and of what is none, seen from several Regions, alike and not."""
    found = []
    for number in range(random.randrange(60)):
        account = random.choice((GRANTED, TWO))
        tags = random.choice(((), (), (TAG,)))
        resource = random.choice((user("anna", account, *tags), user("bob", GRANTED), user("carl", account)))
        if random.random() < 0.1:
            resource = random.choice((Resource("AwsS3Bucket", "arn:aws:s3:::data"), Resource("Other", "x")))
        found.append(
            finding(
                number,
                check=check(random.choice(("IAM.1", "IAM.1", "S3.1"))),
                account_id=account,
                region=random.choice(("eu-west-1", "us-east-1")),
                severity=random.choice(list(Severity)),
                compliance=random.choice((Compliance.FAILED, Compliance.FAILED, Compliance.PASSED)),
                workflow=random.choice((Workflow.NEW, Workflow.NEW, Workflow.RESOLVED, Workflow.SUPPRESSED)),
                resources=(resource,),
                updated_at=NOW,
            )
        )
    return found


def decided(candidate: dict[str, Any], account: str) -> set[str]:
    """What may be said of a candidate of the oracle."""
    if candidate["refused"]:
        return set(candidate["refused"])
    if candidate["excepted"]:
        return {"Excepted"}
    if candidate["suppressed"] or candidate["policies"] or candidate["off"]:
        return {"Suppressed"}
    if any(
        (key.lower(), value.lower()) == ("posture.dev/remediation", "off") for key, value in candidate["tags"]
    ):
        return {"OptedOut"}
    return {"Planned"} if account == GRANTED else {"NotGranted"}


@seeds(60)
async def test_a_status_is_what_a_recount_of_all_findings_says(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    findings = drawn(random)
    exceptions = random.choice(((), (Selector(accounts=(TWO,), regions=("us-east-1",)),)))
    regions = random.choice((("*",), ("eu-*",)))
    policies = {"dry": Selector(controls=("IAM.1",), regions=("us-*",)), "over": Selector(controls=("*",))}
    objects = [
        rule(
            match=[{"controls": ["*"], "regions": list(regions)}],
            exceptions=[{"accounts": [TWO], "regions": ["us-east-1"]}] if exceptions else [],
        )
    ]
    protects = random.random() < 0.5
    if protects:
        match = {"match": [{"controls": ["IAM.1"], "regions": ["us-*"]}]}
        objects.append(policy("dry", suppressFindings=match, mode="DryRun"))
    match = {"match": [{"controls": ["*"]}]}
    objects.append(policy("over", suppressFindings=match, expiresAt=text_of(NOW)))
    scene = RuleScene(tmp_path, findings, *objects)
    await scene.cycle()

    # What passed speaks of nothing but that it is suppressed; tags of findings are a hint.
    heard = [
        each
        for each in findings
        if each.compliance is not Compliance.PASSED or each.workflow is Workflow.SUPPRESSED
    ]

    def selected(each: Finding) -> bool:
        return regions == ("*",) or each.region.startswith("eu-")

    expected = oracle.expected(
        oracle.RuleSaid(
            (Selector(controls=("*",), regions=regions),),
            exceptions,
            frozenset({"AwsIamUser"}),
            account_is_global=False,
        ),
        [each for each in heard if selected(each)],
        beside=[each for each in heard if not selected(each)],
        policies={"security/dry": [policies["dry"]]} if protects else {},
        failing_since={},
        off=frozenset(),
    )
    status = scene.status()
    want = {(where[0], where[4]): decided(each, where[0]) for where, each in expected.items()}
    plan = status["plan"]
    assert Counter((each["accountId"], each["resourceId"]) for each in plan) == Counter(
        (where[0], where[4]) for where in expected
    )
    wrong = [each for each in plan if each["reason"] not in want[each["accountId"], each["resourceId"]]]
    assert [(each["reason"], each["message"], each["resourceId"][-6:]) for each in wrong] == []
    totals = Counter(each["reason"] for each in plan)
    assert scene.totals() == totals
    skipped = sum(1 for each in plan if each["decision"] == "Skip")
    assert (status["candidates"], status["pending"], status["skipped"]) == (
        len(expected),
        len(expected) - skipped,
        skipped,
    )
    assert scene.ready() == ("True", "DryRun")
    lines = scene.exposition.page().plain.decode().splitlines()
    shown = [line for line in lines if line.startswith("posture_remediation_candidates{")]
    assert sum(float(line.rpartition(" ")[2]) for line in shown) == len(expected)


async def test_of_many_the_most_severe_are_named_and_all_are_counted(tmp_path: Path) -> None:
    severities = [Severity.LOW, Severity.CRITICAL, Severity.MEDIUM]
    findings = [key(f"user-{n:03}", n, severity=severities[n % 3]) for n in range(120)]
    scene = RuleScene(tmp_path, findings, rule())
    await scene.cycle()
    status = scene.status()
    assert (status["candidates"], len(status["plan"]), scene.totals()) == (120, 50, {"Planned": 120})
    named = {each["resourceId"].rpartition("/")[2] for each in status["plan"][:40]}
    assert named == {f"user-{n:03}" for n in range(120) if n % 3 == 1}


async def test_the_delay_begins_when_a_resource_is_first_seen_in_scope(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [key()], rule(delay="3h"))
    await scene.cycle()
    assert scene.totals() == {"Delayed": 1}
    assert text_of(NOW + 3 * HOUR) in scene.status()["plan"][0]["message"]
    writes = scene.api.writes
    for ahead in (HOUR, 2 * HOUR, 3 * HOUR - 1):
        scene.hub.ahead = ahead
        scene.hub.poll()
        await scene.cycle()
    assert (scene.totals(), scene.api.writes) == ({"Delayed": 1}, writes), "nothing new is written"
    scene.hub.ahead = 3 * HOUR
    scene.hub.poll()
    await scene.cycle()
    assert scene.totals() == {"Planned": 1}
    # An exception, and its end, are a break.
    scene.api.put(policy("exception", suppressFindings={"match": [{"controls": ["IAM.1"]}]}, suspend=True))
    await scene.cycle()
    assert scene.totals() == {"Suppressed": 1}
    del scene.api.objects["p-exception"]
    await scene.cycle()
    assert scene.totals() == {"Delayed": 1}


async def test_while_a_policy_cannot_be_read_nothing_is_known_to_be_in_scope(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [key()], rule(delay="1h"))
    await scene.cycle()
    odd = policy("newer", suppressFindings={"match": [{"controls": ["S3.1"]}]}, approvedByAll=["a"])
    scene.api.put(odd)
    await scene.cycle()
    assert scene.totals() == {"PolicyUnreadable": 1}
    del scene.api.objects["p-newer"]
    scene.hub.ahead = HOUR
    scene.hub.poll()
    await scene.cycle()
    assert scene.totals() == {"Delayed": 1}
    assert text_of(NOW + 2 * HOUR) in scene.status()["plan"][0]["message"]


async def test_limits_hold_back_the_least_severe(tmp_path: Path) -> None:
    findings = [key(f"user-{n}", n, severity=Severity.LOW) for n in range(15)]
    passed = [key(f"fine-{n}", f"p{n}", compliance=Compliance.PASSED) for n in range(6)]
    findings[7] = findings[7]._replace(severity=Severity.CRITICAL)
    scene = RuleScene(tmp_path, [*findings, *passed], rule(limits={"percent": 10}))
    await scene.cycle()
    # A tenth of 21, rounded up.
    assert scene.totals() == {"Planned": 3, "CapReached": 12}
    assert scene.status()["plan"][0]["resourceId"].endswith("user-7")
    assert scene.status()["plan"][0]["reason"] == "Planned"
    assert (scene.status()["pending"], scene.status()["skipped"]) == (15, 0)


@pytest.mark.parametrize(("now", "reason"), [("09:00", "OutsideWindow"), ("06:00", "Planned")])
async def test_a_window_holds_back_while_it_is_closed(tmp_path: Path, now: str, reason: str) -> None:
    # It is 06:00 UTC on a Sunday.
    window = {"schedule": f"0 {int(now[:2])} * * *", "duration": "1h"}
    scene = RuleScene(tmp_path, [key()], rule(window=window))
    await scene.cycle()
    assert scene.totals() == {reason: 1}


async def test_while_a_policy_cannot_be_read_nothing_is_planned(tmp_path: Path) -> None:
    odd = policy("newer", suppressFindings={"match": [{"controls": ["S3.1"]}]}, approvedByAll=["a"])
    scene = RuleScene(tmp_path, [key()], rule(), odd)
    await scene.cycle()
    assert scene.totals() == {"PolicyUnreadable": 1}
    assert scene.ready() == ("False", "PolicyUnreadable")
    scene.api.put(policy("newer", metadata={"generation": 2}))
    await scene.cycle()
    assert (scene.totals(), scene.ready()) == ({"Planned": 1}, ("True", "DryRun"))


async def test_a_rule_that_is_not_granted_any_more_forgets_its_plan(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [key()], rule())
    await scene.cycle()
    grants = scene.config.grants
    scene.config = scene.config.model_copy(update={"grants": grants[:1]})
    del scene.config.__dict__["granted"]
    await scene.cycle()
    assert scene.ready() == ("False", "NotGranted")
    assert not {"candidates", "pending", "skipped"} & scene.status().keys()
    assert (scene.status().get("plan"), scene.totals()) == ([], {})


@pytest.mark.parametrize(
    ("action", "parameters", "reason"),
    [
        ("iam-deactivate-old-access-keys", {"maxAge": "soon"}, "InvalidParameters"),
        ("iam-deactivate-old-access-keys", {"colour": "red"}, "InvalidParameters"),
        ("iam-do-nothing", {}, "UnknownAction"),
    ],
)
async def test_an_action_that_cannot_be_is_told(
    tmp_path: Path, action: str, parameters: dict[str, str], reason: str
) -> None:
    wanted = rule(action=action)
    wanted["spec"]["action"]["builtin"]["parameters"] = parameters
    scene = RuleScene(tmp_path, [key()], wanted)
    await scene.cycle()
    assert scene.ready() == ("False", reason)
    assert scene.totals() == {}


async def test_without_the_store_a_plan_stays_and_without_the_lease_it_is_not_shown(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [key()], rule())
    await scene.cycle()
    scene.hub.open = False
    await scene.cycle()
    assert scene.totals() == {"Planned": 1}
    scene.hub.left = 0.0
    assert b"posture_remediation_candidates{" not in scene.exposition.page().plain


async def test_an_exception_of_another_team_protects_and_is_not_named(tmp_path: Path) -> None:
    theirs = policy(
        "secret", of="theirs", suppressFindings={"match": [{"controls": ["IAM.1"]}]}, suspend=True
    )
    elsewhere = target("theirs")
    for each in (theirs, elsewhere):
        each["metadata"]["namespace"] = "other"
    scene = RuleScene(tmp_path, [key()], rule(), theirs, elsewhere)
    grants = [{**GRANT, "namespaces": ["*"]}, REMEDIATE]
    scene.config = Config.model_validate({"ownerId": "us", "grants": grants})
    await scene.cycle()
    assert scene.totals() == {"Suppressed": 1}
    assert "secret" not in str(scene.status())
    assert "another namespace" in scene.status()["plan"][0]["message"]
    scene.api.put({**theirs, "spec": {**theirs["spec"], "targetRef": {"name": "nowhere"}}})
    scene.api.objects["p-secret"]["metadata"]["generation"] = 2
    await scene.cycle()
    assert scene.totals() == {"Planned": 1}, "a policy without a target selects nothing"


async def test_what_was_suppressed_where_it_passed_since_protects(tmp_path: Path) -> None:
    there = key(number=2, region="us-east-1", compliance=Compliance.PASSED, workflow=Workflow.SUPPRESSED)
    scene = RuleScene(tmp_path, [key(), there], rule())
    await scene.cycle()
    assert scene.totals() == {"Suppressed": 1}
    assert there.id in scene.status()["plan"][0]["message"]


async def test_a_suspended_target_has_no_plan(tmp_path: Path) -> None:
    scene = RuleScene(tmp_path, [key()], rule())
    await scene.cycle()
    assert scene.totals() == {"Planned": 1}
    scene.api.put(target(suspend=True))
    await scene.cycle()
    assert (scene.ready(), scene.totals()) == (("Unknown", "TargetSuspended"), {})


async def test_a_request_is_echoed_once_a_poll_has_run(tmp_path: Path) -> None:
    asked = rule()
    asked["metadata"]["annotations"] = {"posture.dev/requestedAt": "now"}
    scene = RuleScene(tmp_path, [key()], asked)
    await scene.cycle()
    assert "lastHandledRequest" not in scene.status()
    scene.hub.poll()
    await scene.cycle()
    assert scene.status()["lastHandledRequest"] == "now"
