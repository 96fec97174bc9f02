"""Faults and refusals, in the words of AWS Config."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.config.client import ConfigClient
from sandbox.config.operations import OPERATIONS
from sandbox.securityhub.background import BackgroundHub
from sandbox.securityhub.client import ControlError
from tests.support.emulated_config import (
    ADMINISTRATOR,
    ALONE,
    HOME,
    MEMBER,
    STRANGER,
    code_of,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("denied", "AccessDeniedException"),
        ("expired_credentials", "ExpiredTokenException"),
        ("error", "InternalFailure"),
    ],
)
def test_faults_are_in_configs_words(hub: BackgroundHub, aws: Any, kind: str, code: str) -> None:
    hub.control.fault(kind, "DescribeConfigurationAggregators")
    with pytest.raises(ClientError) as refused:
        aws.describe_configuration_aggregators()
    said = refused.value.response
    assert said["Error"]["Code"] == code
    assert said["ResponseMetadata"]["HTTPStatusCode"] == (500 if kind == "error" else 400)
    if kind == "denied":
        assert "config:DescribeConfigurationAggregators" in said["Error"]["Message"]
    assert aws.describe_configuration_aggregators()["ConfigurationAggregators"]


def test_pages_can_be_short_wrong_or_endless(hub: BackgroundHub, aws: Any) -> None:
    call = aws.describe_aggregate_compliance_by_config_rules
    operation = "DescribeAggregateComplianceByConfigRules"
    hub.control.fault("short", operation, options={"rows": 2})
    page = call(ConfigurationAggregatorName="org")
    assert len(page["AggregateComplianceByConfigRules"]) == 2
    assert page["NextToken"]
    hub.control.fault("wrong", operation, options={"set": {"AccountId": STRANGER}, "without": ["Compliance"]})
    first, second = call(ConfigurationAggregatorName="org")["AggregateComplianceByConfigRules"][:2]
    assert (first["AccountId"], "Compliance" in first) == (STRANGER, False)
    assert (second["AccountId"], "Compliance" in second) == (ADMINISTRATOR, True)
    hub.control.fault("repeated", operation)
    again = call(ConfigurationAggregatorName="org", NextToken=page["NextToken"])
    assert again["NextToken"] == page["NextToken"]


def test_what_is_not_served_is_said(aws: Any) -> None:
    assert code_of(aws.describe_configuration_recorders) == "NotImplementedException"


def test_every_operation_is_one_of_the_model(aws: Any) -> None:
    assert OPERATIONS.keys() <= set(aws.meta.service_model.operation_names)


def test_what_makes_no_sense_is_refused(config: ConfigClient) -> None:
    with pytest.raises(ControlError, match="no rule"):
        config.set_rule(MEMBER, HOME, "none", "COMPLIANT")
    with pytest.raises(ControlError, match="either"):
        config.set_rule(MEMBER, HOME, ALONE)
    with pytest.raises(ControlError, match="no pack"):
        config.delete_pack(MEMBER, HOME, "none")
    with pytest.raises(ControlError, match="none of"):
        config.source("org", MEMBER, HOME, "FINE")
    with pytest.raises(ControlError, match="no aggregator"):
        config.source("none", MEMBER, HOME, "FAILED")
