"""Calls of AWS Config and of Security Hub V2 for the facts of `facts_elsewhere.py`; all of them read."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError
from posture.aws.client.paging import list_all
from posture.aws.client.sessions import Identity
from posture.cli.check import asking
from posture.cli.check.asking import ACTIVE, HubCalls, equals
from posture.cli.check.facts_elsewhere import Suppressions, id_of, is_suppressed
from posture.remediation.member import Aws

_LOOKED_AT = 10
_OWN = {"ProductName": [*equals("Security Hub"), *equals("Security Hub CSPM")]}


class AggregatorRead(NamedTuple):
    """What an aggregator of the organization shows; None: there is none in this account and Region."""

    sources: Sequence[Mapping[str, Any]] | AwsError | None
    rules: Sequence[str] | AwsError | None


async def read_aggregator(aws: Aws, identity: Identity) -> AggregatorRead:
    """Ask the first aggregator that collects an organization how its sources fare, and for names of rules."""
    calls = Calls(aws.sessions, identity, aws.limiters, aws.usage, service="config")
    patience = asking.PATIENCE
    try:
        found = await list_all(
            calls, "DescribeConfigurationAggregators", "ConfigurationAggregators", patience=patience
        )
    except AwsError as error:
        return AggregatorRead(error, error)
    names = [
        each["ConfigurationAggregatorName"] for each in found if each.get("OrganizationAggregationSource")
    ]
    if not names:
        return AggregatorRead(None, None)
    asked = {"ConfigurationAggregatorName": names[0]}
    sources: Sequence[Mapping[str, Any]] | AwsError
    rules: Sequence[str] | AwsError
    try:
        sources = await list_all(
            calls,
            "DescribeConfigurationAggregatorSourcesStatus",
            "AggregatedSourceStatusList",
            asked,
            patience=patience,
        )
    except AwsError as error:
        sources = error
    try:
        # The first page: which names there are does not depend on how many.
        page = await calls.call(
            "DescribeAggregateComplianceByConfigRules", {**asked, "Limit": 1000}, patience=patience
        )
        rules = [
            str(each.get("ConfigRuleName")) for each in page.body.get("AggregateComplianceByConfigRules", ())
        ]
    except AwsError as error:
        rules = error
    return AggregatorRead(sources, rules)


async def read_suppressions(calls: HubCalls) -> Suppressions | AwsError:
    """Look some findings up in V2 that are suppressed in CSPM, and some the other way round."""
    page = await calls.findings(
        {**ACTIVE, **_OWN, "WorkflowStatus": equals("SUPPRESSED")}, MaxResults=_LOOKED_AT
    )
    if isinstance(page, AwsError):
        return page
    of_v2: dict[str, bool] = {}
    if ids := [str(each["Id"]) for each in page.get("Findings", ()) if each.get("Id")]:
        uids = [
            {"FieldName": "finding_info.uid", "Filter": {"Value": each, "Comparison": "EQUALS"}}
            for each in ids
        ]
        there = await _in_v2(calls, {"StringFilters": uids, "Operator": "OR"})
        if isinstance(there, AwsError):
            return there
        of_v2 = {id_of(each): is_suppressed(each) for each in there if id_of(each) in ids}
    suppressed = await _in_v2(
        calls, {"NumberFilters": [{"FieldName": "status_id", "Filter": {"Eq": 3.0}}], "Operator": "AND"}
    )
    if isinstance(suppressed, AwsError):
        return suppressed
    of_cspm: dict[str, bool] = {}
    if ids := [id_of(each) for each in suppressed if id_of(each)][:_LOOKED_AT]:
        named = {**ACTIVE, "Id": [entry for each in ids for entry in equals(each)]}
        page = await calls.findings(named, MaxResults=100)
        if isinstance(page, AwsError):
            return page
        of_cspm = {
            str(each["Id"]): (each.get("Workflow") or {}).get("Status") == "SUPPRESSED"
            for each in page.get("Findings", ())
            if each.get("Id") in ids
        }
    return Suppressions(of_v2, of_cspm)


async def _in_v2(calls: HubCalls, composite: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | AwsError:
    """Read a page of Security Hub V2's findings."""
    filters = {"CompositeFilters": [dict(composite)], "CompositeOperator": "AND"}
    answer = await calls.ask("GetFindingsV2", {"Filters": filters, "MaxResults": 100})
    if isinstance(answer, AwsError):
        return answer
    return [each for each in answer.get("Findings", ()) if isinstance(each, Mapping)]
