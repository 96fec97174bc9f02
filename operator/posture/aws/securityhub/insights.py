"""Insights of one account and Region: what they are, and the findings that they count."""

from typing import Any

from posture.aws.client.calls import Calls
from posture.aws.client.errors import MalformedResponse, Retryable
from posture.domain.insights import InsightResults, ValueCount, confined_to

_DESCRIBE, _RESULTS = "GetInsights", "GetInsightResults"


async def read_insight(calls: Calls, arn: str) -> InsightResults:
    """Read an insight by its ARN: two calls, three where its filters name accounts.

    Which accounts a filter names decides who is told the results, so it must be the same before and after
    them. Raises AwsError: Terminal where there is no such insight, or it is denied; Retryable where it was
    changed meanwhile.
    """
    insight = await _described(calls, arn)
    body = (await calls.call(_RESULTS, {"InsightArn": arn})).body["InsightResults"]
    accounts = confined_to(insight.get("Filters", {}))
    if accounts is not None and confined_to((await _described(calls, arn)).get("Filters", {})) != accounts:
        raise Retryable(
            "Its filters were changed while it was read",
            service=calls.service,
            operation=_RESULTS,
            code="Unsteady",
        )
    counts: dict[str, int] = {}
    for each in body["ResultValues"]:
        value = each["GroupByAttributeValue"]
        counts[value] = counts.get(value, 0) + each["Count"]
    values = tuple(ValueCount(*each) for each in counts.items())
    return InsightResults(insight["Name"], body["GroupByAttribute"], accounts, values)


async def _described(calls: Calls, arn: str) -> dict[str, Any]:
    insights = (await calls.call(_DESCRIBE, {"InsightArns": [arn]})).body["Insights"]
    found: dict[str, Any] | None = next((each for each in insights if each["InsightArn"] == arn), None)
    if found is None:
        raise MalformedResponse(
            f"{arn} is missing", service=calls.service, operation=_DESCRIBE, code="Incomplete"
        )
    return found
