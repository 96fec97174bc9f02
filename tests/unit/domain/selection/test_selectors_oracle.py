"""Random policies over random findings: what the matcher selects is what the oracle does."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.aws.securityhub.wire import decode_page
from posture.domain.findings import Check, CheckSource, Compliance
from posture.domain.scoring.evaluation import evaluate
from posture.domain.selection.matcher import Matcher
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls
from tests.support.examples import examples
from tests.support.oracle.asff import microseconds
from tests.support.oracle.case import Case
from tests.support.oracle.organizations import (
    CIS,
    FSBP,
    HOME,
    NOW,
    OLD_CIS,
    Claim,
    Organization,
    Place,
    Record,
    organizations,
)
from tests.support.oracle.product import cells, view
from tests.support.oracle.selecting import selected

_RESOURCES = st.lists(
    st.fixed_dictionaries(
        {"Type": st.sampled_from(("AwsS3Bucket", "AwsS3Object")), "Id": st.sampled_from(("a", "ab", "b[1]"))},
        optional={
            "Tags": st.dictionaries(st.sampled_from(("env", "Env", "team")), st.sampled_from(("prod", "dev")))
        },
    ),
    min_size=1,
    max_size=3,
)
_VALUES: Mapping[str, tuple[str, ...]] = {
    "controls": ("CloudTrail.4", "cloudtrail.*", "iam.?", "S3.1", "S3", "1.10", "*.1", "ec2.2"),
    "standards": (FSBP, CIS, OLD_CIS, "cis-*", "*1.?.0", "cis-aws-foundations-benchmark/v/1"),
    "accounts": ("111111111111", "1*", "?22222222222", "3333"),
    "workloads": ("shop", "sh*", "acme-*", "Shop"),
    "environments": ("prod", "pro?", "production", "d*"),
    "regions": ("eu-west-1", "eu-*", "us-east"),
    "resourceTypes": ("AwsS3Bucket", "AwsS3*", "*Object"),
    "resourceIds": ("a", "a*", "b[1]", "?"),
    "severities": ("CRITICAL", "LOW", "HIGH"),
    "products": ("Security Hub", "Security Hub CSPM", "*CSPM", "Security*", "GuardDuty", "*", "def*"),
    "titles": ("Plain", "P*", "a [b] ?c", "*\n*"),
}


@st.composite
def _selectors(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from((*sorted(_VALUES), "tags")), min_size=1, max_size=3, unique=True))
    selector: dict[str, Any] = {}
    for name in names:
        if name == "tags":
            values = st.lists(st.sampled_from(("prod", "p*", "d?v")), min_size=1, max_size=2, unique=True)
            selector[name] = draw(st.dictionaries(st.sampled_from(("env", "team")), values, min_size=1))
        else:
            values = st.lists(st.sampled_from(_VALUES[name]), min_size=1, max_size=3, unique=True)
            selector[name] = draw(values)
    return selector


_POLICIES = st.fixed_dictionaries(
    {
        "match": st.lists(_selectors(), min_size=1, max_size=3),
        "exceptions": st.lists(_selectors(), max_size=2),
    }
)


def compiled(selector: Mapping[str, Any]) -> Selector:
    lists = {
        re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name): tuple(values)
        for name, values in selector.items()
        if name != "tags"
    }
    tags = tuple((key, tuple(values)) for key, values in selector.get("tags", {}).items())
    return Selector(**lists, tags=tags)


def selection(policy: Mapping[str, Any]) -> Selection:
    return Selection(tuple(map(compiled, policy["match"])), tuple(map(compiled, policy["exceptions"])))


def findings_of(organization: Organization, data: st.DataObject) -> list[dict[str, Any]]:
    titles = st.sampled_from(("Plain", "a [b] c", "a [b] xc", "two\nlines"))
    return [
        {**finding, "Title": data.draw(titles), "Resources": data.draw(_RESOURCES)}
        for finding in organization.raw()
    ]


@examples(150)
@given(organizations(), st.lists(_POLICIES, min_size=1, max_size=3), st.data())
def test_it_selects_what_the_oracle_does_and_only_where_it_says(
    organization: Organization, policies: list[dict[str, Any]], data: st.DataObject
) -> None:
    assert_selects_as_the_oracle_does(organization, findings_of(organization, data), policies)


@pytest.mark.parametrize("environments", [["prod", "production"], ["dev"]])
@pytest.mark.parametrize(
    "grouping", [{}, {"accountNamePattern": "acme-(?P<workload>.+)-(?P<environment>.+)"}]
)
def test_an_account_of_archived_findings_alone_has_its_group(
    environments: list[str], grouping: dict[str, str]
) -> None:
    """Not a member, not counted anywhere: whoever looks at such a finding groups its account all the same."""
    account, region = "222222222222", "eu-west-1"
    claim = Claim({"GeneratorId": "security-control/S3.1"}, "S3.1", numbered=False, standards=(FSBP,))
    place = Place(account, region, timedelta())
    arn = f"arn:aws:securityhub:{region}::product/aws/securityhub"
    record = Record(arn, "Security Hub", True, claim, place, "LOW", "FAILED", "NEW", "ARCHIVED")  # noqa: FBT003 -- a tuple
    spec = {
        "source": {"securityStandards": {"standards": [FSBP]}},
        "products": ["Security Hub"],
        "accounts": {},
        "grouping": grouping,
    }
    hub = {"account": HOME[0], "region": HOME[1], "members": {}, "granted": ["*"], "standards": {}}
    policy = {
        "match": [{"accounts": [account]}],
        "exceptions": [{"products": ["Security Hub"], "regions": [region], "environments": environments}],
    }
    organization = Organization((record,), spec, hub, ())
    assert_selects_as_the_oracle_does(organization, organization.raw(), [policy])


def assert_selects_as_the_oracle_does(
    organization: Organization, raw: list[dict[str, Any]], policies: list[dict[str, Any]]
) -> None:
    case = Case(raw, organization.spec, organization.hub, microseconds(NOW), [])
    decoded = decode_page(json.dumps({"Findings": raw}).encode()).findings
    seen = view(organization)
    # As a target's policies see them: of every account that a finding was ever of, archived ones too.
    groups = {
        account: seen.grouping.group_of(account, seen.names.get(account))
        for account in {each.account_id for each in decoded} | seen.members
        if case.granted(account) and case.included(account)
    }
    named = {f"policy-{index}": selection(policy) for index, policy in enumerate(policies)}
    matcher = Matcher(named, seen.controls, groups)
    places: dict[Check, dict[str, dict[str, tuple[Check, str, str]]]] = {}
    for each in decoded:
        place = each.check, each.account_id, each.region
        places.setdefault(each.check, {}).setdefault(each.account_id, {})[each.region] = place
    within = {name: dict(matcher.places(places, lambda *_: True, {name})) for name in named}
    checks = {name: matcher.checks(places, {name}) for name in named}
    assert dict(matcher.places(places, lambda *_: True)).keys() == set().union(*within.values())
    for before, finding in zip(raw, decoded, strict=True):
        expected = tuple(
            name
            for name, policy in zip(named, policies, strict=True)
            if finding.compliance is not Compliance.PASSED and selected(policy, before, case)
        )
        assert matcher(finding) == expected
        place = finding.check, finding.account_id, finding.region
        for name in expected:
            assert finding.check in checks[name]
            assert within[name][place](finding) == expected


@examples(40)
@given(organizations())
def test_a_target_covers_exactly_what_it_counts(organization: Organization) -> None:
    seen = view(organization)
    for cell in cells(organization):
        alone = evaluate([cell], seen)
        assert bool(alone.findings) == seen.covers(cell.check, cell.account_id)


def test_nothing_is_selected_by_no_policy() -> None:
    matcher = Matcher[str]({}, Controls({}), {})
    check = Check("", source=CheckSource.SECURITY_HUB, control="S3.1", numbered=False, standards=())
    assert list(matcher.places({check: {"1": {"eu": 1}}}, lambda *_: True)) == []
    assert matcher.checks([check]) == []
