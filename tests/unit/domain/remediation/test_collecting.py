"""What rules select as resources: against the oracle, and one by one where the facts are fine."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from posture.domain.remediation.candidates import MAX_FINDINGS, Candidate
from posture.domain.remediation.collecting import Gathering, Known, PolicyProtection, Selecting, protecting
from posture.domain.remediation.resources import WorksOn
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls
from tests.support.examples import examples
from tests.support.oracle import remediation as oracle
from tests.support.rows import S3_1, finding

ONE, TWO = "111122223333", "444455556666"
ACCOUNT = Resource("AwsAccount", f"AWS::::Account:{ONE}")
GROUP = Resource("AwsEc2SecurityGroup", f"arn:aws:ec2:eu-west-1:{ONE}:security-group/sg-1")
USER = Resource("AwsIamUser", f"arn:aws:iam::{ONE}:user/anna")
NOW = 1_000
ANY = Selector(severities=("*",))


def check(control: str, standard: str = "fsbp/v/1") -> Check:
    return Check("Security Hub", CheckSource.SECURITY_HUB, control, numbered=False, standards=(standard,))


def gather(
    rule: Selecting,
    findings: Sequence[Finding],
    beside: Sequence[Finding] = (),
    policies: Mapping[str, PolicyProtection] | None = None,
    failing_since: Mapping[str, int] | None = None,
    off: frozenset[str] = frozenset(),
) -> list[Candidate]:
    controls = Controls({})
    known = Known(
        controls,
        protecting(policies or {}, NOW, controls, {}),
        lambda each: (failing_since or {}).get(each.id),
        lambda each: each.id in off,
    )
    gathering = Gathering({"team/rule": rule}, {}, known)
    for each in findings:
        # It may be asked between: what comes later is found too.
        gathering.add_beside(each)
        gathering.add(each)
    # All of the same controls, as the survey of a hub does: those that were put in as candidates' too.
    for each in (*findings, *beside):
        gathering.add_beside(each)
    return sorted(gathering.candidates("team/rule"))


def rule(*types: str, match: Selector = ANY, whole_account: bool = False) -> Selecting:
    return Selecting(Selection((match,)), WorksOn(frozenset(types), whole_account=whole_account))


_REGIONS = ("eu-west-1", "eu-west-1", "us-east-1", "us-east-1", "cn-north-1", "")
_IDS = (
    f"AWS::::Account:{ONE}",
    f"AWS::::Account:{TWO}",
    "AWS::::Account:1",
    "sg-1",
    f"arn:aws:ec2:eu-west-1:{ONE}:security-group/sg-1",
    f"arn:aws:iam::{ONE}:user/anna",
    f"arn:aws-cn:iam::{ONE}:user/anna",
    f"arn:gcp:iam::{ONE}:user/anna",
    "/subscriptions/1/resourceGroups/2",
)
_TYPES = ("AwsAccount", "AwsEc2SecurityGroup", "AwsIamUser", "Other", "AzureVm")
_TAGS = st.lists(st.tuples(st.sampled_from(("a", "B")), st.sampled_from(("x", "y"))), max_size=2).map(tuple)
# Mostly such as AWS names them.
_SOUND = st.sampled_from((ACCOUNT, GROUP, GROUP, USER))
_ODD = st.builds(Resource, st.sampled_from(_TYPES), st.sampled_from(_IDS))
_RESOURCES = st.lists(
    st.builds(lambda one, tags: one._replace(tags=tags), _SOUND | _SOUND | _ODD, _TAGS), max_size=3
).map(tuple)


def _some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.one_of(st.just(()), st.lists(st.sampled_from(values), min_size=1, max_size=2).map(tuple))


_UNSAID: Mapping[str, st.SearchStrategy[tuple[str, ...]]] = dict.fromkeys(
    ("standards", "workloads", "environments", "products", "titles"), st.just(())
)
_SELECTORS = st.builds(
    Selector,
    **_UNSAID,
    controls=_some("ec2.13", "S3.*", "IAM.3"),
    accounts=_some(ONE, "4*"),
    regions=_some("eu-*", "us-east-1"),
    resource_types=_some("AwsIam*", "AwsAccount"),
    resource_ids=_some("*sg-1", f"*{ONE}", "arn:aws:*"),
    severities=_some("CRITICAL", "LOW"),
    tags=st.sampled_from(((), (("a", ("x",)),), (("B", ("*",)),))),
).filter(any)
_FINDINGS = st.builds(
    finding,
    check=st.sampled_from([check("EC2.13"), check("EC2.13", "cis/v/1"), check("S3.1"), check("IAM.3")])
    | st.just(Check("GuardDuty", source=None, control="EC2.13", numbered=False, standards=())),
    account_id=st.sampled_from((ONE, ONE, TWO)),
    region=st.sampled_from(_REGIONS),
    severity=st.sampled_from((Severity.LOW, Severity.HIGH, Severity.CRITICAL)),
    compliance=st.sampled_from(Compliance),
    record_state=st.sampled_from([RecordState.ACTIVE, RecordState.ACTIVE, RecordState.ARCHIVED]),
    workflow=st.sampled_from(Workflow),
    updated_at=st.integers(0, 9),
    resources=_RESOURCES,
)


@st.composite
def _scenes(draw: st.DrawFn) -> tuple[Selecting, list[Finding], list[Finding]]:
    selecting = Selecting(
        Selection(
            tuple(draw(st.lists(_SELECTORS, min_size=1, max_size=3)) + draw(st.sampled_from([[], [ANY]]))),
            tuple(draw(st.lists(_SELECTORS, max_size=1))),
        ),
        WorksOn(draw(st.frozensets(st.sampled_from(_TYPES[:3]), min_size=1)), draw(st.booleans())),
    )
    findings = [each._replace(id=f"f{n}") for n, each in enumerate(draw(st.lists(_FINDINGS, max_size=30)))]
    beside = [each._replace(id=f"g{n}") for n, each in enumerate(draw(st.lists(_FINDINGS, max_size=5)))]
    return selecting, findings, beside


@examples(150, shrink=False)
@given(
    scene=_scenes(),
    policies=st.dictionaries(
        st.sampled_from(("p", "q")), st.tuples(st.lists(_SELECTORS, min_size=1, max_size=2), st.booleans())
    ),
    since=st.dictionaries(st.sampled_from([f"f{n}" for n in range(9)]), st.integers(0, 99)),
    off=st.frozensets(st.sampled_from(["f1", "g0"])),
    order=st.randoms(use_true_random=False),
)
def test_candidates_are_what_the_oracle_finds(
    scene: tuple[Selecting, list[Finding], list[Finding]],
    policies: Mapping[str, tuple[list[Selector], bool]],
    since: Mapping[str, int],
    off: frozenset[str],
    order: Random,
) -> None:
    selecting, findings, beside = scene
    order.shuffle(findings)
    got = gather(
        selecting,
        findings,
        beside,
        {
            n: PolicyProtection(Selection(tuple(s)), NOW + 1 if active else NOW)
            for n, (s, active) in policies.items()
        },
        since,
        off,
    )
    said = oracle.RuleSaid(
        selecting.selection.match,
        selecting.selection.exceptions,
        selecting.works_on.types,
        selecting.works_on.whole_account,
    )
    expected = oracle.expected(
        said,
        findings,
        beside=beside,
        policies={name: s for name, (s, active) in policies.items() if active},
        failing_since=since,
        off=off,
    )
    assert {each.resource for each in got} == expected.keys()
    assert len(got) == len(expected)
    for each in got:
        want = expected[each.resource]
        assert [name.id for name in each.findings] == want["named"]
        assert each.total == want["total"]
        assert list(each.controls) == want["controls"]
        assert each.severity is want["severity"]
        assert each.failing_since == want["failing_since"]
        assert each.looked_at == want["looked_at"]
        assert bool(each.excepted) is want["excepted"]
        assert bool(each.suppressed) is want["suppressed"]
        assert list(each.policies) == want["policies"]
        assert each.off is want["off"]
        assert each.tags == want["tags"]
        assert ({each.refusal.reason.value} if each.refusal else set()) <= want["refused"]
        assert (each.refusal is None) is (not want["refused"])


def test_one_setting_of_an_account_is_one_candidate_for_all_regions_and_standards() -> None:
    findings = [
        finding(n, check=check("S3.1", standard), region=region, resources=(ACCOUNT,))
        for n, (standard, region) in enumerate(
            (s, r) for s in ("fsbp/v/1", "cis/v/1") for r in ("eu-west-1", "us-east-1", "ap-south-2")
        )
    ]
    (only,) = gather(rule("AwsAccount", whole_account=True), findings)
    assert (only.resource.region, only.total) == ("us-east-1", 6)
    assert len(gather(rule("AwsAccount"), findings)) == 3


def test_users_are_one_for_all_regions_and_two_accounts_are_two() -> None:
    other = USER._replace(id=f"arn:aws:iam::{TWO}:user/anna")
    found = gather(
        rule("AwsIamUser"),
        [
            finding(1, resources=(USER,)),
            finding(2, resources=(USER,), region="us-east-1"),
            finding(3, resources=(other,), account_id=TWO),
        ],
    )
    assert [(each.resource.account_id, each.total) for each in found] == [(ONE, 2), (TWO, 1)]


def test_what_is_shared_from_another_account_or_region_is_not_touched_there() -> None:
    for account_id, region in ((TWO, "eu-west-1"), (ONE, "us-east-1"), (ONE, "cn-north-1")):
        shared = finding(resources=(GROUP,), account_id=account_id, region=region)
        (only,) = gather(rule("AwsEc2SecurityGroup"), [shared])
        assert only.refusal is not None
        assert only.refusal.reason.value == "AccountMismatch"


def test_a_rule_that_names_one_resource_does_not_touch_its_neighbour_in_the_same_finding() -> None:
    two = GROUP._replace(id=GROUP.id.replace("sg-1", "sg-2"))
    found = gather(
        rule("AwsEc2SecurityGroup", match=Selector(resource_ids=("*sg-1",))),
        [finding(resources=(GROUP, two))],
    )
    assert [each.resource.id for each in found] == [GROUP.id]


def test_a_resolved_finding_that_fails_is_a_candidate() -> None:
    (only,) = gather(rule("AwsIamUser"), [finding(resources=(USER,), workflow=Workflow.RESOLVED)])
    assert (only.suppressed, only.refusal) == ("", None)


def test_what_protects_the_same_control_elsewhere_protects_and_another_control_does_not() -> None:
    here = finding(1, check=check("IAM.3"), resources=(USER,))
    there = finding(
        2, check=check("IAM.3"), resources=(USER,), region="us-east-1", workflow=Workflow.SUPPRESSED
    )
    only_here = rule("AwsIamUser", match=Selector(regions=("eu-west-1",)))
    (protected,) = gather(only_here, [here], [there])
    assert protected.suppressed == there.id
    (free,) = gather(only_here, [here], [there._replace(check=check("IAM.22"))])
    assert free.suppressed == ""


@pytest.mark.parametrize("expires_at", [NOW, NOW - 1])
def test_an_expired_policy_protects_nothing(expires_at: int) -> None:
    one = [finding(resources=(USER,))]
    assert gather(rule("AwsIamUser"), one, policies={"p": PolicyProtection(Selection((ANY,)), NOW + 1)})[
        0
    ].policies
    (free,) = gather(rule("AwsIamUser"), one, policies={"p": PolicyProtection(Selection((ANY,)), expires_at)})
    assert free.policies == ()


def test_a_candidate_of_many_findings_names_the_first_twenty_in_any_order() -> None:
    many = [finding(f"{n:03}", resources=(USER,), check=S3_1) for n in range(500)]
    forward, backward = gather(rule("AwsIamUser"), many), gather(rule("AwsIamUser"), many[::-1])
    assert forward == backward
    assert [name.id for name in forward[0].findings] == [each.id for each in many[:MAX_FINDINGS]]
    assert forward[0].total == 500


@pytest.mark.parametrize("group", [Selector(workloads=("shop",)), Selector(environments=("dev",))])
def test_an_account_whose_group_is_not_known_may_be_excepted_and_protected(group: Selector) -> None:
    works_on = WorksOn(frozenset({GROUP.type}), whole_account=False)
    failed = finding(1, check=S3_1, account_id=ONE, resources=(GROUP,))
    groups = {ONE: None}
    policies = {"ns/p": PolicyProtection(Selection((group,)), NOW + 1)}
    known = Known(
        Controls({}), protecting(policies, NOW, Controls({}), groups), lambda _: NOW, lambda _: False
    )
    rules = {
        "ns/plain": Selecting(Selection((ANY,)), works_on),
        "ns/excepting": Selecting(Selection((ANY,), (group,)), works_on),
        "ns/of-a-group": Selecting(Selection((group,)), works_on),
    }
    gathering = Gathering(rules, groups, known)
    gathering.add(failed)
    (plain,), (excepting,) = gathering.candidates("ns/plain"), gathering.candidates("ns/excepting")
    assert plain.policies == ("ns/p",)
    assert not plain.excepted
    assert excepting.excepted
    assert not list(gathering.candidates("ns/of-a-group"))
