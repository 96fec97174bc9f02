"""How AWS's answers about a set-up are judged."""

from typing import Any

import pytest

from posture.aws.client.errors import (
    AccessDenied,
    AwsError,
    EndpointUnreachable,
    HubNotEnabled,
    RegionUnavailable,
    Terminal,
    Throttled,
)
from posture.cli.check import setup
from posture.cli.check.result import CheckStatus, Judgement

HOME = "eu-west-1"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/1.2.0"


def error(kind: type[AwsError], code: str = "Code", operation: str = "DescribeHub") -> AwsError:
    return kind("said", service="securityhub", operation=operation, code=code, advice="do this")


DENIED = error(AccessDenied, "AccessDeniedException")
NOBODYS_ADMINISTRATOR = error(AccessDenied, "InvalidAccessException")


def status(verdict: Judgement) -> str:
    assert verdict.message
    assert verdict.advice or verdict.status in {CheckStatus.OK, CheckStatus.UNKNOWN}
    return verdict.status.value


@pytest.mark.parametrize(
    ("hub", "region", "on"),
    [
        ({"HubArn": "arn"}, "ok", "ok"),
        (error(HubNotEnabled), "ok", "failed"),
        (error(RegionUnavailable), "failed", "unknown"),
        (DENIED, "ok", "failed"),
        (error(EndpointUnreachable), "unknown", "failed"),
        (error(Throttled), "unknown", "failed"),
    ],
)
def test_a_region_that_may_not_be_used_is_no_hub_that_is_off(hub: setup.Answer, region: str, on: str) -> None:
    assert status(setup.judge_region(hub, HOME)) == region
    assert status(setup.judge_hub(hub, "111122223333", HOME)) == on


def subscription(standard: str, state: str = "READY", **others: str) -> dict[str, str]:
    kind = "ruleset" if standard == CIS else "standards"
    arn = f"arn:aws:securityhub:{'' if standard == CIS else HOME}::{kind}/{standard}"
    return {"StandardsArn": arn, "StandardsStatus": state, **others}


@pytest.mark.parametrize(
    ("enabled", "wanted", "expected"),
    [
        ([subscription(FSBP), subscription(CIS)], [FSBP, CIS], "ok"),
        ([subscription(FSBP)], ["*"], "ok"),
        ([subscription(FSBP)], [FSBP, CIS], "failed"),
        ([], ["*"], "failed"),
        ([subscription(FSBP, Provider="AZURE")], ["*"], "failed"),
        ([subscription(FSBP, "DELETING")], [FSBP], "failed"),
        ([subscription(FSBP, "INCOMPLETE")], [FSBP], "warning"),
        ([subscription(FSBP), subscription(CIS, "PENDING")], [FSBP], "ok"),
    ],
)
def test_standards_that_are_named_have_to_be_enabled(
    enabled: list[dict[str, str]], wanted: list[str], expected: str
) -> None:
    assert status(setup.judge_standards({"StandardsSubscriptions": enabled}, wanted)) == expected
    assert status(setup.judge_standards(DENIED, wanted)) == "failed"


@pytest.mark.parametrize(
    ("administrator", "members", "expected"),
    [
        ({}, ["444455556666"], "ok"),
        ({}, [], "warning"),
        ({"Administrator": {"AccountId": "1", "MemberStatus": "Enabled"}}, [], "warning"),
        ({}, NOBODYS_ADMINISTRATOR, "warning"),
        (error(Terminal, setup.ABSENT), [], "warning"),
        ({}, DENIED, "unknown"),
        (DENIED, [], "unknown"),
        (error(Throttled), [], "unknown"),
    ],
)
def test_whose_findings_are_seen(
    administrator: setup.Answer, members: list[str] | AwsError, expected: str
) -> None:
    assert status(setup.judge_administrator(administrator, members)) == expected


def test_an_account_that_has_only_offered_to_administer_does_not() -> None:
    offered = {"Administrator": {"AccountId": "444455556666", "MemberStatus": "Invited"}}
    assert "444455556666" not in setup.judge_administrator(offered, []).message


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"AutoEnable": True, "AutoEnableStandards": "DEFAULT"}, "ok"),
        ({"AutoEnable": False}, "warning"),
        ({"AutoEnable": True, "AutoEnableStandards": "NONE"}, "warning"),
        ({"AutoEnable": True, "MemberAccountLimitReached": True}, "warning"),
        ({"OrganizationConfiguration": {"ConfigurationType": "CENTRAL", "Status": "ENABLED"}}, "ok"),
        ({"OrganizationConfiguration": {"ConfigurationType": "CENTRAL", "Status": "FAILED"}}, "warning"),
        (NOBODYS_ADMINISTRATOR, "unknown"),
        (error(HubNotEnabled), "unknown"),
        (error(Throttled), "unknown"),
    ],
)
def test_accounts_that_join(answer: setup.Answer, expected: str) -> None:
    assert status(setup.judge_organization(answer)) == expected


def aggregator(mode: str, *regions: str, home: str = HOME) -> dict[str, Any]:
    return {"FindingAggregationRegion": home, "RegionLinkingMode": mode, "Regions": list(regions)}


@pytest.mark.parametrize(
    ("answer", "expected", "says"),
    [
        (aggregator("ALL_REGIONS"), "ok", "linked: all Regions"),
        (aggregator("SPECIFIED_REGIONS", "us-east-1"), "ok", "linked: us-east-1"),
        (aggregator("ALL_REGIONS_EXCEPT_SPECIFIED", "us-east-1"), "ok", "all Regions but us-east-1"),
        (aggregator("NO_REGIONS"), "warning", "only findings of eu-west-1"),
        (aggregator("ALL_REGIONS", home="us-east-1"), "warning", "aggregated in us-east-1"),
        (None, "warning", "only findings of eu-west-1"),
        (DENIED, "unknown", "not permitted"),
    ],
)
def test_regions_that_are_seen(answer: setup.Answer | None, expected: str, says: str) -> None:
    verdict = setup.judge_aggregation(answer, HOME)
    assert status(verdict) == expected
    assert says in verdict.message


def test_what_describe_hub_says_of_controls() -> None:
    assert status(setup.judge_auto_enable({"AutoEnableControls": True})) == "ok"
    assert status(setup.judge_auto_enable({"AutoEnableControls": False})) == "warning"
    assert status(setup.judge_consolidated({"ControlFindingGenerator": "SECURITY_CONTROL"})) == "ok"
    assert status(setup.judge_consolidated({"ControlFindingGenerator": "STANDARD_CONTROL"})) == "warning"
    assert status(setup.judge_consolidated({})) == "unknown"


@pytest.mark.parametrize(
    ("answer", "is_on", "expected"),
    [
        ({"HubV2Arn": "arn"}, True, "warning"),
        (error(Terminal, setup.ABSENT), False, "ok"),
        (DENIED, None, "unknown"),
        (error(Throttled), None, "unknown"),
    ],
)
def test_the_second_version_is_a_warning(answer: setup.Answer, *, is_on: bool | None, expected: str) -> None:
    assert setup.is_v2_on(answer) is is_on
    assert status(setup.judge_v2(answer)) == expected


def test_findings_and_controls_can_be_read() -> None:
    assert status(setup.judge_findings({"Findings": [{}]})) == "ok"
    assert status(setup.judge_findings({"Findings": []})) == "warning"
    assert status(setup.judge_findings(error(Throttled))) == "failed"
    assert status(setup.judge_controls({}, {})) == "ok"
    assert status(setup.judge_controls(DENIED, {})) == "unknown"
    assert status(setup.judge_controls({}, DENIED)) == "unknown"
