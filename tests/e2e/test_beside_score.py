"""What a target shows beside its score on a real API server: insights of Security Hub, and what it costs."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import ORGANIZATION, READER, Stage

ADMINISTRATOR = READER.split(":")[4]
REGION = "eu-west-1"
MANAGED = "arn:aws:securityhub:::insight/securityhub/default"
_COST, _STANDARD_COST = "posture_estimated_cost_dollars", "posture_estimated_standard_cost_dollars"
_VALUES, _FINDINGS = "posture_insight_values", "posture_insight_findings"


def security_hub(cloud: Cloud) -> Any:
    """A client of whoever administers the organization."""
    env = cloud.env_for(ADMINISTRATOR, REGION)
    return boto3.client(
        "securityhub",
        region_name=REGION,
        endpoint_url=env["AWS_ENDPOINT_URL_SECURITYHUB"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=env.get("AWS_SESSION_TOKEN"),
    )


def counted(client: Any, arn: str) -> dict[str, int]:
    """What Security Hub says of an insight."""
    values = client.get_insight_results(InsightArn=arn)["InsightResults"]["ResultValues"]
    return {each["GroupByAttributeValue"]: each["Count"] for each in values}


def shown(operator: OperatorProcess, insight: str) -> tuple[float, float] | None:
    """The two numbers of an insight on the metrics page; None where there are none."""
    pages = [operator.series(name, insight=insight) for name in (_VALUES, _FINDINGS)]
    if not all(pages):
        return None
    (values,), (findings,) = pages
    assert values.labels == findings.labels
    return values.value, findings.value


def read_again(stage: Stage, why: str) -> None:
    stage.kubectl("annotate", "--overwrite", "pt", "organization", f"posture.dev/requestedAt={why}")


@pytest.mark.timeout(180)
@pytest.mark.timeout(300)
def test_insights_are_counted_for_whoever_may_see_what_they_count(stage: Stage, cloud: Cloud) -> None:
    client = security_hub(cloud)
    custom = client.create_insight(
        Name="Failed by severity",
        Filters={"ComplianceStatus": [{"Comparison": "EQUALS", "Value": "FAILED"}]},
        GroupByAttribute="SeverityLabel",
    )["InsightArn"]
    name = stage.target(insights=["1", "27", custom])
    operator = stage.operator()
    operator.wait(
        lambda: stage.condition("InsightsRead")["status"] == "True", "insights to be read", seconds=60
    )
    most, accounts, severities = (counted(client, arn) for arn in (f"{MANAGED}/1", f"{MANAGED}/27", custom))
    for insight, counts in (("1", most), ("27", accounts), (custom, severities)):
        assert shown(operator, insight) == (len(counts), sum(counts.values()))
    told = {each["insight"]: each for each in stage.status(name)["insights"]}
    assert "atLeast" not in told["1"]
    assert told[custom]["name"] == "Failed by severity"
    assert {each["value"]: each["findings"] for each in told[custom]["top"]} == severities
    assert [each["findings"] for each in told["1"]["top"]] == sorted(most.values(), reverse=True)[:10]

    # What is deleted or denied is told, and hurts nothing else.
    client.delete_insight(InsightArn=custom)
    read_again(stage, "deleted")
    operator.wait(lambda: stage.condition("InsightsRead")["status"] == "False", "the deletion to be told")
    assert "spec.insights" in stage.condition("InsightsRead")["message"]
    operator.wait(lambda: stage.is_current(name), "the score to be current")
    assert stage.condition("Ready")["status"] == "True"

    # Whoever sees some accounts sees what is counted of these, and nothing that counts others too.
    own = [each["id"] for each in ORGANIZATION.seed()["accounts"]][:2]
    stage.target(insights=["1", "27"], accounts={"include": own})
    operator.wait(lambda: shown(operator, "1") is None, "nothing of other accounts", seconds=60)
    theirs = {account: count for account, count in accounts.items() if account in own}
    operator.wait(
        lambda: shown(operator, "27") == (len(theirs), sum(theirs.values())), "what its own accounts count"
    )
    operator.wait(lambda: stage.condition("InsightsRead")["reason"] == "OtherAccounts", "to say why")
    assert shown(operator, custom) is None
    others = set(accounts) - set(own)
    assert others
    assert not [each for each in others if each in str(stage.status(name)["insights"])]


@pytest.mark.timeout(180)
@pytest.mark.timeout(300)
def test_what_security_hub_costs_is_estimated_where_its_plan_allows(stage: Stage, cloud: Cloud) -> None:
    name = stage.target(products=["Security Hub", "GuardDuty"])
    operator = stage.operator()
    operator.wait(lambda: bool(operator.series(_COST)), "an estimate", seconds=60)
    checks = {(each["AwsAccountId"], each["Region"]): 0 for each in findings(cloud)}
    alone = Counter[str]()
    for each in findings(cloud):
        standards = [it["StandardsId"] for it in each["Compliance"]["AssociatedStandards"]]
        checks[each["AwsAccountId"], each["Region"]] += 1
        if len(standards) == 1:
            alone[standards[0].partition("/")[2]] += 1
    # So few that each has the first price.
    a_check = 0.001 * 730 / 24
    assert operator.value(_COST, target=name, kind="checks") == pytest.approx(sum(checks.values()) * a_check)
    assert operator.value(_COST, target=name, kind="ingestion") == 0
    saved = {each.labels["standard"]: each.value for each in operator.series(_STANDARD_COST, target=name)}
    assert {standard for standard, value in saved.items() if value} == set(alone)
    for standard, number in alone.items():
        assert saved[standard] == pytest.approx(number * a_check)
    operator.wait(lambda: "estimatedCost" in stage.status(name), "the estimate in status")
    cost = stage.status(name)["estimatedCost"]
    assert cost["checks"] == round(sum(checks.values()) * a_check, 2)

    # A plan replaces the price of checks: no number, and why.
    cloud.control.hub(ADMINISTRATOR, REGION, second_version=True)
    read_again(stage, "plan")
    operator.wait(lambda: not operator.series(_COST), "no estimate", seconds=60)
    assert not operator.series(_STANDARD_COST)
    operator.wait(lambda: "V2 is on" in stage.status(name)["estimatedCost"].get("message", ""), "to say why")
    assert "checks" not in stage.status(name)["estimatedCost"]
    assert stage.condition("Ready")["status"] == "True"
    assert stage.is_current(name)


def findings(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """The findings of Security Hub that were refreshed within the evaluation window."""
    since = datetime.now(UTC) - timedelta(hours=30)
    for each in cloud.control.findings():
        own = each["ProductArn"].endswith("::product/aws/securityhub")
        if own and each["RecordState"] == "ACTIVE" and datetime.fromisoformat(each["UpdatedAt"]) > since:
            yield each
