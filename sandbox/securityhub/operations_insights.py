"""Insights: the results of managed ones, which group findings by an attribute and count them.

User guide, "Managed insights": 1 resources with the most findings, 27 accounts, 28 products and 29 severities
by findings, each of active findings whose workflow is NEW or NOTIFIED. At most 100 values come (quotas page),
the largest first, which no page of AWS promises.
"""

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from sandbox.securityhub.asff import decode
from sandbox.securityhub.attributes import reader
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError, not_found
from sandbox.securityhub.filters import compile_filters
from sandbox.securityhub.ordering import sorting_of
from sandbox.securityhub.query import Query, fetch

GROUPED_BY: Mapping[int, str] = MappingProxyType(
    {1: "ResourceId", 27: "AwsAccountId", 28: "ProductName", 29: "SeverityLabel"}
)
"""Managed insights that are served here, by the number that ends their ARN."""
_ABSENT = frozenset({2, 4, 5, 15, 20})
_LAST = 40
_MOST_VALUES = 100
_OPEN = {
    "RecordState": [{"Comparison": "EQUALS", "Value": "ACTIVE"}],
    "WorkflowStatus": [{"Comparison": "EQUALS", "Value": each} for each in ("NEW", "NOTIFIED")],
}


def get_insight_results(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    """Count the caller's findings by the attribute of a managed insight."""
    _ = context.hub
    arn = str(parameters["InsightArn"])
    attribute = _grouped_by(arn, context.caller.region)
    emulator, caller = context.emulator, context.caller
    query = Query(
        filters=compile_filters(_OPEN, emulator.clock.now()),
        view=emulator.organization.view(caller.account, caller.region),
        sorting=sorting_of([]),
        limit=len(emulator.store) + 1,
        stale=emulator.staleness.shown(),
    )
    read = reader(attribute)
    counts = Counter(
        value
        for row in fetch(emulator.store, query).rows
        for value in set(filter(None, read(decode(row.body) or {})))
    )
    values = [
        {"GroupByAttributeValue": value, "Count": count} for value, count in counts.most_common(_MOST_VALUES)
    ]
    return {"InsightResults": {"InsightArn": arn, "GroupByAttribute": attribute, "ResultValues": values}}


def _grouped_by(arn: str, region: str) -> str:
    prefix = f"arn:{partition_of(region)}:securityhub:::insight/securityhub/default/"
    number = arn.removeprefix(prefix)
    if not arn.startswith(prefix) or not number.isdecimal() or int(number) in _ABSENT:
        raise not_found(f"The insight {arn} was not found")
    attribute = GROUPED_BY.get(int(number))
    if attribute is not None:
        return attribute
    if not 1 <= int(number) <= _LAST:
        raise not_found(f"The insight {arn} was not found")
    message = f"The Security Hub emulator does not serve {arn}"
    raise ApiError("NotImplementedException", message, HTTPStatus.NOT_IMPLEMENTED)
