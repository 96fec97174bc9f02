"""Config as an aggregator answers it: whole lists or errors, whatever pages, sources and networks do."""

from typing import Any

import pytest

from posture.aws.client.errors import (
    AccessDenied,
    AwsError,
    MalformedResponse,
    Terminal,
    TokenRefused,
)
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.config.client import AggregatorClient
from posture.aws.config.wire import PackRow, RuleRow
from sandbox.config.client import ConfigClient
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import ADMINISTRATOR, MEMBER, REGION

AWAY = "us-east-1"
PACK, GONE = "OrgConformsPack-baseline-a1b2c3d4", "last-year"
RULES = [f"rule-{number:03}" for number in range(130)]
MANY = [f"my-rule-{number:03}" for number in range(240)]
BY_RULES = "DescribeAggregateComplianceByConfigRules"


@pytest.fixture
def told(control: ControlClient) -> ConfigClient:
    control.seed(
        {
            "administrator": ADMINISTRATOR,
            "accounts": [{"id": ADMINISTRATOR}, {"id": MEMBER}],
            "regions": [REGION, AWAY],
            "config": {
                "aggregators": [{"name": "org", "account": ADMINISTRATOR, "region": REGION}],
                "packs": [
                    {"name": PACK, "rules": RULES},
                    {"name": GONE, "rules": RULES[:2], "deleted": True},
                    *({"name": f"pack-{number}", "rules": RULES[:1]} for number in range(30)),
                ],
                "rules": MANY,
                "own_rules": [],
                "failing": 0.25,
                "without_results": 0.25,
            },
        }
    )
    return ConfigClient(control)


@pytest.fixture
def config(told: ConfigClient, sessions: Sessions, limiters: Limiters, usage: Usage) -> AggregatorClient:
    del told
    return AggregatorClient(sessions, Identity(None, None, REGION), limiters, usage)


async def rules(config: AggregatorClient, **only: Any) -> list[RuleRow]:
    return [row async for page in config.rule_rows("org", **only) for row in page]


async def packs(config: AggregatorClient, **only: Any) -> list[PackRow]:
    return [row async for page in config.pack_rows("org", **only) for row in page]


def truth(told: ConfigClient) -> dict[tuple[str, str, str], str]:
    """What each rule with a result is, by its account, Region and whole name."""
    found = {}
    for account in (ADMINISTRATOR, MEMBER):
        for region in (REGION, AWAY):
            for rule, each in told.rules(account, region).items():
                said = {one["compliance"] for one in each["resources"]}
                if said:
                    worst = "NON_COMPLIANT" if "NON_COMPLIANT" in said else "COMPLIANT"
                    found[account, region, rule] = worst
    return found


async def test_all_rules_with_results_are_read_over_empty_pages_in_as_many_calls(
    told: ConfigClient, control: ControlClient, config: AggregatorClient
) -> None:
    control.reset_calls()
    found = {
        (row.account_id, row.aws_region, row.config_rule_name): row.compliance.compliance_type
        for row in await rules(config)
    }
    assert found == truth(told)
    assert len(found) > 1000
    assert control.call_total(BY_RULES) == len(found) // 1000 + 2


async def test_rules_of_one_account_region_or_name_are_asked_for_alone(
    told: ConfigClient, config: AggregatorClient
) -> None:
    expected = {key for key in truth(told) if key[0] == MEMBER and key[1] == AWAY}
    found = await rules(config, account_id=MEMBER, region=AWAY)
    assert {(row.account_id, row.aws_region, row.config_rule_name) for row in found} == expected
    told.set_rule(MEMBER, AWAY, MANY[7], "NON_COMPLIANT")
    found = await rules(config, rule=MANY[7], account_id=MEMBER)
    assert (MEMBER, AWAY, "NON_COMPLIANT") in {
        (row.account_id, row.aws_region, row.compliance.compliance_type) for row in found
    }
    assert {row.config_rule_name for row in found} == {MANY[7]}


async def test_packs_are_read_with_those_that_were_deleted(config: AggregatorClient) -> None:
    found = await packs(config)
    assert len(found) == 32 * 4
    (row,) = await packs(config, pack=PACK, account_id=MEMBER, region=AWAY)
    assert row.compliance.total_rule_count == 130
    assert row.compliance.compliant_rule_count + row.compliance.non_compliant_rule_count < 130
    assert GONE in {each.conformance_pack_name for each in found}


async def test_aggregators_and_their_sources_are_told(told: ConfigClient, config: AggregatorClient) -> None:
    (only,) = await config.aggregators()
    assert await config.aggregator("org") == only
    assert only.organization_aggregation_source is not None
    assert only.account_aggregation_sources is None
    assert await config.aggregator("none") is None
    told.source("org", MEMBER, AWAY, "FAILED", code="AccessDenied", message="no authorization")
    failed = [each for each in await config.source_statuses("org") if each.last_update_status == "FAILED"]
    assert [(each.source_id, each.aws_region, each.last_error_code) for each in failed] == [
        (MEMBER, AWAY, "AccessDenied")
    ]
    assert failed[0].last_update_time is not None
    assert config.now() / 1e6 - failed[0].last_update_time == pytest.approx(3600, abs=60)


async def test_the_resources_of_a_rule_are_read_over_pages(
    told: ConfigClient, config: AggregatorClient
) -> None:
    resources = [{"type": "AWS::S3::Bucket", "id": f"bucket-{number:03}"} for number in range(250)]
    told.set_rule(
        MEMBER, AWAY, MANY[0], resources=[*resources, {**resources[0], "id": "x", "compliance": "COMPLIANT"}]
    )
    found = await config.evaluations("org", MANY[0], MEMBER, AWAY)
    assert [each.resource_id for each in found] == [each["id"] for each in resources]
    assert await config.evaluations("org", "none", MEMBER, AWAY) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"set": {"AccountId": ADMINISTRATOR}},
        {"set": {"AwsRegion": REGION}},
        {"set": {"ComplianceType": "COMPLIANT"}},
    ],
)
async def test_resources_of_something_else_are_none(
    told: ConfigClient, control: ControlClient, config: AggregatorClient, wrong: dict[str, Any]
) -> None:
    told.set_rule(MEMBER, AWAY, MANY[0], "NON_COMPLIANT")
    control.fault("wrong", options=wrong)
    with pytest.raises(MalformedResponse, match="something else"):
        await config.evaluations("org", MANY[0], MEMBER, AWAY)


@pytest.mark.parametrize("wrong", [{"set": {"AccountId": "1"}}, {"without": ["Compliance"]}])
async def test_a_page_with_a_row_that_is_none_is_asked_for_again(
    told: ConfigClient, control: ControlClient, config: AggregatorClient, wrong: dict[str, Any]
) -> None:
    fault = control.fault("wrong", BY_RULES, after=1, options=wrong)
    assert len(await rules(config)) == len(truth(told))
    assert next(each["hits"] for each in control.faults() if each["id"] == fault) == 1


async def test_rows_of_another_account_than_was_asked_for_are_an_error(
    control: ControlClient, config: AggregatorClient
) -> None:
    control.fault("wrong", BY_RULES, options={"set": {"AccountId": ADMINISTRATOR}})
    with pytest.raises(MalformedResponse, match="account_id is not"):
        await rules(config, account_id=MEMBER)


@pytest.mark.parametrize("kind", ["truncated", "html", "empty", "reset", "unreachable", "throttle", "error"])
async def test_what_passes_is_borne(
    told: ConfigClient, control: ControlClient, config: AggregatorClient, kind: str
) -> None:
    control.fault(kind, BY_RULES, after=1, count=2)
    assert len(await rules(config)) == len(truth(told))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("denied", AccessDenied), ("truncated", MalformedResponse), ("invalid_token", TokenRefused)],
)
async def test_a_list_that_breaks_off_ends_with_an_error(
    control: ControlClient, config: AggregatorClient, kind: str, expected: type[AwsError]
) -> None:
    after = 1 if kind != "invalid_token" else 0
    control.fault(kind, BY_RULES, after=after, count=None)
    pages = config.rule_rows("org")
    assert len(await anext(pages)) == 1000
    with pytest.raises(expected):
        await anext(pages)
    with pytest.raises(StopAsyncIteration):
        await anext(pages)


async def test_a_token_that_comes_again_is_no_list_without_end(
    control: ControlClient, config: AggregatorClient
) -> None:
    control.fault("repeated", BY_RULES, after=1, count=None)
    with pytest.raises(MalformedResponse, match="came again"):
        await rules(config)
    assert control.call_total(BY_RULES) < 6


async def test_an_aggregator_that_is_not_there_is_missed(config: AggregatorClient) -> None:
    with pytest.raises(Terminal, match="Name an aggregator of AWS Config"):
        await config.source_statuses("none")


async def test_who_may_not_ask_is_told_the_action(control: ControlClient, config: AggregatorClient) -> None:
    control.fault("denied", "DescribeConfigurationAggregatorSourcesStatus")
    with pytest.raises(AccessDenied, match="config:DescribeConfigurationAggregatorSourcesStatus"):
        await config.source_statuses("org")
