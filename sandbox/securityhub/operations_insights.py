"""Insights: managed and custom ones, and the findings that they count.

API reference, GetInsights and GetInsightResults: without ARNs only custom insights are listed. Quotas page:
at most 100 custom ones, at most 100 values of one. The largest come first, which no page of AWS promises:
the fault `unordered` has them come in another order.
"""

import uuid
from collections import Counter
from http import HTTPStatus
from typing import Any

from sandbox.securityhub.asff import decode
from sandbox.securityhub.attributes import PATHS, reader
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError, invalid_input, not_found
from sandbox.securityhub.filters import compile_filters
from sandbox.securityhub.insights import ABSENT, LAST, MANAGED, Insight
from sandbox.securityhub.ordering import sorting_of
from sandbox.securityhub.paging import paginate
from sandbox.securityhub.query import Query, fetch

Parameters = dict[str, Any]
MOST_VALUES = 100
MOST_INSIGHTS = 100


def create_insight(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Make a custom insight of the caller's account and Region."""
    hub = context.hub
    if len(hub.insights) >= MOST_INSIGHTS:
        raise ApiError("LimitExceededException", "Insight limit exceeded", HTTPStatus.TOO_MANY_REQUESTS)
    insight = _checked(context, Insight(parameters["Name"], parameters["GroupByAttribute"], {}), parameters)
    account, region = context.caller.account, context.caller.region
    arn = f"arn:{partition_of(region)}:securityhub:{region}:{account}:insight/{account}/custom/{uuid.uuid4()}"
    hub.insights[arn] = insight
    return {"InsightArn": arn}


def update_insight(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Change what is given of a custom insight."""
    arn = _custom(context, parameters)
    context.hub.insights[arn] = _checked(context, context.hub.insights[arn], parameters)
    return {}


def delete_insight(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Delete a custom insight."""
    arn = _custom(context, parameters)
    del context.hub.insights[arn]
    return {"InsightArn": arn}


def get_insights(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Describe the insights named, or all custom ones."""
    asked = parameters.get("InsightArns") or list(context.hub.insights)
    found = [_insight(context, arn).described(arn) for arn in asked]
    return paginate(context, parameters, "Insights", found)


def get_insight_results(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Count the findings of an insight that the caller sees, by its attribute."""
    arn = str(parameters["InsightArn"])
    insight = _insight(context, arn)
    counts = _counted(context, insight).most_common(MOST_VALUES)
    values = [{"GroupByAttributeValue": value, "Count": count} for value, count in counts]
    if context.fault("unordered"):
        values.sort(key=lambda each: (each["Count"], each["GroupByAttributeValue"]))
    return {
        "InsightResults": {
            "InsightArn": arn,
            "GroupByAttribute": insight.group_by,
            "ResultValues": values,
        }
    }


def _counted(context: Context, insight: Insight) -> Counter[str]:
    """Count findings by value: one with several values counts for each, one without any for none."""
    emulator, caller = context.emulator, context.caller
    query = Query(
        filters=compile_filters(insight.filters, emulator.clock.now()),
        view=emulator.organization.view(caller.account, caller.region),
        sorting=sorting_of([]),
        limit=len(emulator.store) + 1,
        stale=emulator.staleness.shown(),
    )
    read = reader(insight.group_by)
    return Counter(
        value
        for row in fetch(emulator.store, query).rows
        for value in {each for each in read(decode(row.body) or {}) if isinstance(each, str) and each}
    )


def _checked(context: Context, insight: Insight, parameters: Parameters) -> Insight:
    """Return an insight with what is given of it. Raises ApiError for what AWS refuses."""
    changed = Insight(
        parameters.get("Name") or insight.name,
        parameters.get("GroupByAttribute") or insight.group_by,
        parameters.get("Filters") or insight.filters,
    )
    if changed.group_by not in PATHS:
        raise invalid_input(f"{changed.group_by} is no attribute that findings are grouped by")
    if not changed.filters:
        raise invalid_input("An insight has at least one filter")
    compile_filters(changed.filters, context.emulator.clock.now())
    return changed


def _custom(context: Context, parameters: Parameters) -> str:
    arn = str(parameters["InsightArn"])
    if arn not in context.hub.insights:
        raise not_found(f"The insight {arn} was not found")
    return arn


def _insight(context: Context, arn: str) -> Insight:
    """Return an insight by its ARN: one of the caller's account and Region, or a managed one."""
    custom = context.hub.insights.get(arn)
    if custom is not None:
        return custom
    prefix = f"arn:{partition_of(context.caller.region)}:securityhub:::insight/securityhub/default/"
    number = arn.removeprefix(prefix)
    if not arn.startswith(prefix) or not number.isdecimal() or int(number) in ABSENT:
        raise not_found(f"The insight {arn} was not found")
    managed = MANAGED.get(int(number))
    if managed is not None:
        return managed
    if not 1 <= int(number) <= LAST:
        raise not_found(f"The insight {arn} was not found")
    message = f"The Security Hub emulator does not serve {arn}"
    raise ApiError("NotImplementedException", message, HTTPStatus.NOT_IMPLEMENTED)
