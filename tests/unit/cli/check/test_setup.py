"""How AWS's answers about a set-up are judged."""

import pytest

from posture.aws.client.errors import (
    AccessDenied,
    AwsError,
    EndpointUnreachable,
    HubNotEnabled,
    RegionUnavailable,
    Throttled,
)
from posture.cli.check import setup
from posture.cli.check.result import CheckStatus, Judgement
from posture.domain.setup.results import SetupCheck, SetupResult, SetupStanding

HOME = "eu-west-1"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/1.2.0"


def error(kind: type[AwsError], code: str = "Code", operation: str = "DescribeHub") -> AwsError:
    return kind("said", service="securityhub", operation=operation, code=code, advice="do this")


DENIED = error(AccessDenied, "AccessDeniedException")


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


def test_findings_and_controls_can_be_read() -> None:
    assert status(setup.judge_findings({"Findings": [{}]})) == "ok"
    assert status(setup.judge_findings({"Findings": []})) == "warning"
    assert status(setup.judge_findings(error(Throttled))) == "failed"
    assert status(setup.judge_controls({}, {})) == "ok"
    assert status(setup.judge_controls(DENIED, {})) == "unknown"
    assert status(setup.judge_controls({}, DENIED)) == "unknown"


def result(check: SetupCheck, standing: SetupStanding) -> SetupResult:
    return SetupResult(check, standing, "said", "do this")


FOUND = {
    each.check: each
    for each in (
        result(SetupCheck.AGGREGATION, SetupStanding.WARNING),
        result(SetupCheck.SECURITY_HUB_V2, SetupStanding.UNKNOWN),
        result(SetupCheck.MEMBERS, SetupStanding.OK),
    )
}


def said(**standings: str) -> dict[str, object]:
    return {
        "organization": [
            {"check": check, "status": standing, "message": "…"} for check, standing in standings.items()
        ]
    }


@pytest.mark.parametrize(
    ("told", "expected", "says"),
    [
        (said(Aggregation="Warning"), "ok", "not as it should be: Aggregation"),
        (said(Aggregation="Ok"), "warning", "Aggregation (Ok, now Warning)"),
        # What one of them cannot tell, and what only the operator's findings tell, is no difference.
        (said(SecurityHubV2="Warning", Members="Warning", Aggregation="Unknown"), "ok", "says the same"),
        (said(), "unknown", "told nothing"),
        (None, "unknown", "told nothing"),
        ({"organization": "odd"}, "unknown", "told nothing"),
        ({"organization": ["odd", {}]}, "ok", "says the same"),
    ],
)
def test_what_the_operator_tells_is_compared(told: object, expected: str, says: str) -> None:
    verdict = setup.judge_told(told, FOUND)
    assert (verdict.status.value, says in verdict.message) == (expected, True)


def test_without_anything_found_nothing_is_compared() -> None:
    assert setup.judge_told(said(Aggregation="Ok"), {}).status is CheckStatus.UNKNOWN


def test_parts_of_the_set_up_are_named_as_checks_are() -> None:
    names = {check: setup.check_name(check) for check in SetupCheck}
    assert names[SetupCheck.SECURITY_HUB_V2] == "security-hub-v2"
    assert names[SetupCheck.DELEGATED_ADMINISTRATOR] == "delegated-administrator"
    for standing, status in (
        ("Ok", "ok"),
        ("Warning", "warning"),
        ("Failed", "failed"),
        ("Unknown", "unknown"),
    ):
        told = setup.judgement_of_setup(result(SetupCheck.HUB, SetupStanding(standing)))
        assert (told.status.value, told.message, told.advice) == (status, "said", "do this")
