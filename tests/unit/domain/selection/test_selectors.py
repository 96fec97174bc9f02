"""Each rule of selectors by itself."""

from collections.abc import Callable, Mapping
from cProfile import Profile

import pytest

from posture.domain.findings import (
    Check,
    CheckSource,
    Compliance,
    Finding,
    RecordState,
    Resource,
    Severity,
    Workflow,
)
from posture.domain.scoring.accounts import Group
from posture.domain.selection.matcher import Matcher
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls
from tests.support.scenes import CIS, FSBP, ONE, TWO, facts

HUB = Controls(
    {
        FSBP: facts(on=("S3.1", "CloudTrail.4")),
        CIS: facts(CIS, on=("CloudTrail.4",), numbers={"CloudTrail.4": ("3.2",)}),
    }
)
GROUPS = {ONE: Group("shop", "prod"), TWO: Group("shop", "dev")}
OWN = Check(
    "Security Hub", source=CheckSource.SECURITY_HUB, control="S3.1", numbered=False, standards=(FSBP, CIS)
)
CLASSIC = Check(
    "Security Hub", source=CheckSource.SECURITY_HUB, control="3.2", numbered=True, standards=(CIS,)
)
FORGED = Check("Security Hub", source=None, control="S3.1", numbered=False, standards=(FSBP,))
GUARD_DUTY = Check("GuardDuty", source=None, control="", numbered=False, standards=())


def finding(check: Check = OWN, *resources: Resource, account: str = ONE, title: str = "Buckets") -> Finding:
    return Finding(
        id="1",
        product_arn="",
        check=check,
        account_id=account,
        account_name="",
        region="eu-west-1",
        title=title,
        severity=Severity.HIGH,
        compliance=Compliance.FAILED,
        record_state=RecordState.ACTIVE,
        created_at=0,
        updated_at=0,
        resources=resources,
        workflow=Workflow.NEW,
        note="",
        user_fields=(),
    )


def selects(selector: Selector, subject: Finding, *exceptions: Selector) -> bool:
    return Matcher({"p": Selection((selector,), exceptions)}, HUB, GROUPS)(subject) == ("p",)


@pytest.mark.parametrize(
    ("selector", "subject", "expected"),
    [
        (Selector(controls=("s3.1",)), finding(), True),
        (Selector(controls=("S3.*",)), finding(), True),
        (Selector(controls=("S3",)), finding(), False),
        (Selector(controls=("cloudtrail.4",)), finding(CLASSIC), True),
        (Selector(controls=("3.2",)), finding(CLASSIC), False),
        (Selector(controls=("S3.1",)), finding(FORGED), False),
        (Selector(standards=(FSBP,)), finding(FORGED), False),
        (Selector(products=("Security Hub",)), finding(FORGED), False),
        (Selector(products=("*",)), finding(FORGED), False),
        (Selector(products=("Security Hub",)), finding(CLASSIC), True),
        (Selector(products=("Security Hub CSPM",)), finding(CLASSIC), True),
        (Selector(products=("*CSPM",)), finding(), True),
        (Selector(products=("Security Hub CSPM",)), finding(FORGED), False),
        (Selector(products=("Security Hub CSPM",)), finding(GUARD_DUTY), False),
        (Selector(products=("security hub cspm",)), finding(), False),
        (Selector(products=("Guard*",)), finding(GUARD_DUTY), True),
        (Selector(products=("guardduty",)), finding(GUARD_DUTY), False),
        (Selector(controls=("*",)), finding(GUARD_DUTY), False),
        (Selector(standards=(CIS,), controls=("S3.1",)), finding(), True),
        (Selector(workloads=("shop",), environments=("prod",)), finding(), True),
        (Selector(workloads=("shop",), environments=("prod",)), finding(account=TWO), False),
        (Selector(workloads=("*",)), finding(account="333333333333"), False),
        (Selector(accounts=("3*",)), finding(account="333333333333"), True),
        (Selector(regions=("eu-*",)), finding(), True),
        (Selector(severities=("HIGH", "CRITICAL")), finding(), True),
        (Selector(severities=("LOW",)), finding(), False),
        (Selector(titles=("Bucket",)), finding(), False),
        (Selector(titles=("B*s",)), finding(), True),
        (Selector(resource_ids=("*",)), finding(), False),
    ],
)
def test_one_list(selector: Selector, subject: Finding, *, expected: bool) -> None:
    assert selects(selector, subject) is expected


def test_lists_of_resources_are_to_fit_one_same_resource() -> None:
    bucket = Resource("AwsS3Bucket", "logs", (("env", "dev"),))
    other = Resource("AwsS3Object", "data", (("env", "prod"), ("team", "storage")))
    subject = finding(OWN, bucket, other)
    assert selects(Selector(resource_types=("AwsS3Object",), tags=(("env", ("prod",)),)), subject)
    assert not selects(Selector(resource_types=("AwsS3Bucket",), tags=(("env", ("prod",)),)), subject)
    assert not selects(Selector(resource_types=("AwsS3Bucket",), resource_ids=("data",)), subject)
    assert not selects(Selector(tags=(("env", ("dev",)), ("team", ("*",)))), subject)
    assert selects(Selector(tags=(("env", ("x", "p*")), ("team", ("*",)))), subject)
    assert not selects(Selector(tags=(("Env", ("prod",)),)), subject)


def test_an_exception_wins_within_its_policy_alone() -> None:
    buckets, prod = Selector(controls=("S3.1",)), Selector(environments=("prod",))
    matcher = Matcher(
        {
            "b": Selection((buckets, Selector(titles=("*",))), (prod,)),
            "a": Selection((buckets,)),
            "c": Selection((prod,)),
        },
        HUB,
        GROUPS,
    )
    assert matcher(finding()) == ("a", "c")
    assert matcher(finding(account=TWO)) == ("b", "a")


@pytest.mark.parametrize("name", ["Security Hub", "Security Hub CSPM", "*CSPM", "Security Hu?"])
def test_an_exception_holds_by_either_name_of_security_hub(name: str) -> None:
    everything = Selector(regions=("*",))
    assert not selects(everything, finding(), Selector(products=(name,)))
    assert selects(everything, finding(GUARD_DUTY), Selector(products=(name,)))


@pytest.mark.parametrize("at", ["match", "exceptions"])
def test_a_selector_without_lists_is_refused(at: str) -> None:
    everything, some = Selector(), Selector(titles=("x",))
    selection = Selection((everything,)) if at == "match" else Selection((some,), (everything,))
    with pytest.raises(ValueError, match="at least one list"):
        Matcher({"p": selection}, HUB, GROUPS)


def test_places_narrow_by_check_account_and_region() -> None:
    selections = {
        "p": Selection(
            (Selector(controls=("cloudtrail.*",), accounts=("1*",)),), (Selector(accounts=("1*",)),)
        ),
        "q": Selection((Selector(workloads=("shop",), environments=("dev",), regions=("eu-*",)),)),
        "r": Selection((Selector(controls=("EC2.1",)),)),
    }
    matcher = Matcher(selections, HUB, GROUPS)
    checks, accounts, regions = [OWN, CLASSIC, GUARD_DUTY], [ONE, TWO], ["eu-west-1", "us-east-1"]
    cells = {
        check: {account: {region: (check, account, region) for region in regions} for account in accounts}
        for check in checks
    }

    def found(*names: str, covers: Callable[[Check, str], bool] = lambda *_: True) -> list[object]:
        return [place for place, _ in matcher.places(cells, covers, names)]

    assert found("p") == [(CLASSIC, ONE, "eu-west-1"), (CLASSIC, ONE, "us-east-1")]
    assert found("q") == [(check, TWO, "eu-west-1") for check in checks]
    assert found("r") == []
    assert found("q", covers=lambda check, account: (check, account) == (OWN, TWO)) == [
        (OWN, TWO, "eu-west-1")
    ]
    assert matcher.checks(checks, {"p", "r"}) == [CLASSIC]
    assert matcher.checks(checks) == checks


def test_what_passed_is_never_selected() -> None:
    matcher = Matcher({"p": Selection((Selector(titles=("*",)),))}, HUB, GROUPS)
    assert matcher(finding()) == ("p",)
    assert matcher(finding()._replace(compliance=Compliance.PASSED)) == ()


def test_more_titles_than_are_remembered_do_no_harm() -> None:
    matcher = Matcher({"p": Selection((Selector(titles=("*7",)),))}, HUB, GROUPS)
    hits = sum(bool(matcher(finding(title=f"title {n}"))) for n in range(20_000))
    assert hits == 2_000


def test_a_hundred_policies_cost_little_more_than_one() -> None:
    policies = {
        n: Selection((Selector(controls=(f"S3.{n}",), workloads=("shop",), severities=("HIGH", "CRITICAL")),))
        for n in range(100)
    }
    subjects = [finding(account=account) for account in (ONE, TWO)] * 500

    def calls(matcher: Matcher[int]) -> int:
        """Count the calls of functions, which are the same wherever they are counted."""
        with Profile() as profile:
            for subject in subjects:
                matcher(subject)
        return sum(each.callcount for each in profile.getstats())

    assert calls(Matcher(policies, HUB, GROUPS)) < 1.5 * calls(Matcher({1: policies[1]}, HUB, GROUPS))


UNKNOWN = "999999999999"


@pytest.mark.parametrize("group", [Selector(workloads=("*",)), Selector(environments=("prod",))])
def test_of_an_account_whose_group_is_not_known_nothing_is_selected_that_may_be_elsewhere(
    group: Selector,
) -> None:
    everything, subject = Selector(severities=("*",)), finding(account=UNKNOWN)
    cases = {
        "match": Selection((group,)),
        "either": Selection((group, everything)),
        "except": Selection((everything,), (group,)),
        "no group": Selection((everything,)),
    }

    def selecting(groups: Mapping[str, Group | None], *, doubtful: bool = False) -> tuple[str, ...]:
        return Matcher(cases, HUB, groups, doubtful=doubtful)(subject)

    assert selecting({UNKNOWN: None}) == ("either", "no group")
    # Whoever protects from something does so where it may.
    assert selecting({UNKNOWN: None}, doubtful=True) == ("match", "either", "except", "no group")
    # That it is in no group is known of an account that is not there.
    assert selecting({}) == ("either", "except", "no group")
    assert [name for name, each in cases.items() if each.by_groups] == ["match", "either", "except"]
