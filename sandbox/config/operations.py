"""The operations of Config that are served. Aggregators are seen in their account and Region alone."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sandbox.config.paging import answer_page
from sandbox.config.rules import (
    CAP,
    COMPLIANT,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    STATES,
    Evaluation,
    RuleSet,
)
from sandbox.config.state import ORGANIZATION, SUCCEEDED, Aggregator, Status
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.clock import MICROSECONDS
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError

Row = dict[str, Any]
Operation = Callable[[Context, dict[str, Any]], Row]
_EMPTY = STATES.index(INSUFFICIENT_DATA)
_FAILS = STATES.index(NON_COMPLIANT)


def describe_configuration_aggregators(context: Context, parameters: Row) -> Row:
    """Return all of the caller's here, or those that are named, of which each must be there."""
    names = parameters.get("ConfigurationAggregatorNames") or []
    found = [_aggregator(context, name) for name in names] or [
        each
        for (account, region, _), each in sorted(context.emulator.config.aggregators.items())
        if (account, region) == (context.caller.account, context.caller.region)
    ]
    rows = (((index,), _described(each)) for index, each in enumerate(found))
    return answer_page(context, parameters, "ConfigurationAggregators", rows, most=100)


def _described(aggregator: Aggregator) -> Row:
    everywhere: Row = (
        {"AllAwsRegions": True}
        if aggregator.regions is None
        else {"AwsRegions": aggregator.regions, "AllAwsRegions": False}
    )
    described: Row = {
        "ConfigurationAggregatorName": aggregator.name,
        "ConfigurationAggregatorArn": aggregator.arn,
    }
    if aggregator.accounts is not None:
        described["AccountAggregationSources"] = [{"AccountIds": aggregator.accounts, **everywhere}]
        return described
    role = f"arn:{partition_of(aggregator.region)}:iam::{aggregator.account}:role/aggregation"
    described["OrganizationAggregationSource"] = {"RoleArn": role, **everywhere}
    return described


def describe_configuration_aggregator_sources_status(context: Context, parameters: Row) -> Row:
    """Return how each source fares in each Region; an organization as a whole, or its accounts too."""
    aggregator = _aggregator(context, parameters["ConfigurationAggregatorName"])
    wanted = parameters.get("UpdateStatus")
    rows = (
        row
        for row in _statuses(context, aggregator)
        if wanted is None or row[1]["LastUpdateStatus"] in wanted
    )
    return answer_page(context, parameters, "AggregatedSourceStatusList", rows, most=100)


def _statuses(context: Context, aggregator: Aggregator) -> Iterator[Any]:
    places = sorted(place for place in context.emulator.config.places if aggregator.covers(place))
    fine = Status(SUCCEEDED, context.emulator.clock.now() - 60 * MICROSECONDS)
    sources = [(account, region, "ACCOUNT") for account, region in places]
    if aggregator.accounts is None:
        whole = [(ORGANIZATION, region, "ORGANIZATION") for region in sorted({each[1] for each in places})]
        sources = whole + (sources if aggregator.lists_accounts else [])
    for index, (source, region, kind) in enumerate(sources):
        status = aggregator.statuses.get((source, region), fine)
        row = {
            "SourceId": source,
            "SourceType": kind,
            "AwsRegion": region,
            "LastUpdateStatus": status.status,
            "LastUpdateTime": status.at / MICROSECONDS,
        }
        if status.code:
            row |= {"LastErrorCode": status.code, "LastErrorMessage": status.message}
        yield (index,), row


def describe_aggregate_compliance_by_config_rules(context: Context, parameters: Row) -> Row:
    """Return a row for each rule that has a result."""
    aggregator = _aggregator(context, parameters["ConfigurationAggregatorName"])
    filters = parameters.get("Filters") or {}
    _only_results(filters.get("ComplianceType"))

    def rows(start: list[int]) -> Iterator[Any]:
        for position, rules in _sets(context, aggregator, filters, start):
            if not rules.deleted:
                yield from _rule_rows(position, rules, filters, start)

    return answer_page(context, parameters, "AggregateComplianceByConfigRules", rows, most=1000)


def _rule_rows(
    position: tuple[int, int], rules: RuleSet, filters: Row, start: list[int]
) -> Iterator[tuple[tuple[int, int, int], Row]]:
    first = start[2] if tuple(start[:2]) == position else 0
    for index in range(first, len(rules.names)):
        state = rules.collected[index]
        if state == _EMPTY or filters.get("ComplianceType") not in {None, STATES[state]}:
            continue
        name = rules.name(index)
        if filters.get("ConfigRuleName") not in {None, name}:
            continue
        compliance: Row = {"ComplianceType": STATES[state]}
        if state == _FAILS:
            failing = sum(
                each.compliance == NON_COMPLIANT for each in rules.evaluations(index, collected=True)
            )
            compliance["ComplianceContributorCount"] = {
                "CappedCount": min(failing, CAP),
                "CapExceeded": failing > CAP,
            }
        yield (
            (*position, index),
            {
                "ConfigRuleName": name,
                "Compliance": compliance,
                "AccountId": rules.account,
                "AwsRegion": rules.region,
            },
        )


def describe_aggregate_compliance_by_conformance_packs(context: Context, parameters: Row) -> Row:
    """Return a row for each pack, with those that were deleted."""
    aggregator = _aggregator(context, parameters["ConfigurationAggregatorName"])
    filters = parameters.get("Filters") or {}

    def rows(start: list[int]) -> Iterator[Any]:
        for position, rules in _sets(context, aggregator, filters, start):
            if rules.pack is None or filters.get("ConformancePackName") not in {None, rules.pack.name}:
                continue
            counted = {state: rules.collected.count(number) for number, state in enumerate(STATES)}
            compliance = pack_compliance(counted)
            if filters.get("ComplianceType") in {None, compliance}:
                yield (
                    position,
                    {
                        "ConformancePackName": rules.pack.name,
                        "Compliance": {
                            "ComplianceType": compliance,
                            "CompliantRuleCount": counted[COMPLIANT],
                            "NonCompliantRuleCount": counted[NON_COMPLIANT],
                            "TotalRuleCount": len(rules.names),
                        },
                        "AccountId": rules.account,
                        "AwsRegion": rules.region,
                    },
                )

    return answer_page(context, parameters, "AggregateComplianceByConformancePacks", rows, most=100)


def pack_compliance(counted: Mapping[str, int]) -> str:
    """Return what a pack is by its rules (API reference, AggregateConformancePackCompliance)."""
    if counted[NON_COMPLIANT]:
        return NON_COMPLIANT
    return COMPLIANT if counted[COMPLIANT] else INSUFFICIENT_DATA


def get_aggregate_compliance_details_by_config_rule(context: Context, parameters: Row) -> Row:
    """Return what a rule of one account and Region says of each resource."""
    aggregator = _aggregator(context, parameters["ConfigurationAggregatorName"])
    wanted = parameters.get("ComplianceType")
    _only_results(wanted)
    account, region = parameters["AccountId"], parameters["AwsRegion"]
    name = parameters["ConfigRuleName"]
    found = context.emulator.config.find(account, region, name)
    evaluations: tuple[Evaluation, ...] = ()
    if found is not None and aggregator.shows((account, region)):
        evaluations = found[0].evaluations(found[1], collected=True)
    now = context.emulator.clock.now()
    rows = (
        ((index,), _evaluation(name, account, region, each, each.recorded_at or now - 3600 * MICROSECONDS))
        for index, each in enumerate(evaluations)
        if wanted in {None, each.compliance}
    )
    return answer_page(context, parameters, "AggregateEvaluationResults", rows, most=100, default=50)


def _evaluation(rule: str, account: str, region: str, said: Evaluation, at: int) -> Row:
    row: Row = {
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": rule,
                "ResourceType": said.resource_type,
                "ResourceId": said.resource_id,
                "EvaluationMode": "DETECTIVE",
            },
            "OrderingTimestamp": at / MICROSECONDS,
        },
        "ComplianceType": said.compliance,
        "ResultRecordedTime": at / MICROSECONDS,
        "ConfigRuleInvokedTime": at / MICROSECONDS,
        "AccountId": account,
        "AwsRegion": region,
    }
    return {**row, "Annotation": said.annotation} if said.annotation else row


def describe_conformance_packs(context: Context, parameters: Row) -> Row:
    """Return the packs that exist in the caller's account and Region; those that are named must."""
    config, caller = context.emulator.config, context.caller
    there = {rules.pack.name: rules for rules in config.packs(caller.account, caller.region) if rules.pack}
    names = parameters.get("ConformancePackNames") or sorted(there)
    for name in names:
        if name not in there:
            raise _no_such_pack(name)
    rows = (((index,), _pack(there[name])) for index, name in enumerate(names))
    return answer_page(context, parameters, "ConformancePackDetails", rows, most=20)


def _pack(rules: RuleSet) -> Row:
    assert rules.pack is not None  # noqa: S101 - of a pack
    pack, region = rules.pack, rules.region
    arn = f"arn:{partition_of(region)}:config:{region}:{rules.account}:conformance-pack/{pack.name}/{pack.id}"
    described: Row = {
        "ConformancePackName": pack.name,
        "ConformancePackArn": arn,
        "ConformancePackId": pack.id,
        "ConformancePackInputParameters": [],
    }
    return {**described, "CreatedBy": pack.created_by} if pack.created_by else described


def describe_conformance_pack_compliance(context: Context, parameters: Row) -> Row:
    """Return every rule of one of the caller's own packs, as it is now, those without a result too."""
    config, caller, name = context.emulator.config, context.caller, parameters["ConformancePackName"]
    found = [
        each for each in config.packs(caller.account, caller.region) if each.pack and each.pack.name == name
    ]
    if not found:
        raise _no_such_pack(name)
    (rules,) = found
    rows = (
        ((index,), {"ConfigRuleName": rules.name(index), "ComplianceType": STATES[state], "Controls": []})
        for index, state in enumerate(rules.true)
    )
    key = "ConformancePackRuleComplianceList"
    return {"ConformancePackName": name, **answer_page(context, parameters, key, rows, most=1000)}


def _aggregator(context: Context, name: str) -> Aggregator:
    found = context.emulator.config.aggregators.get((context.caller.account, context.caller.region, name))
    if found is None:
        message = f"The configuration aggregator does not exist: {name}"
        raise ApiError("NoSuchConfigurationAggregatorException", message)
    return found


def _sets(
    context: Context, aggregator: Aggregator, filters: Row, start: list[int]
) -> Iterator[tuple[tuple[int, int], RuleSet]]:
    """Yield the rule sets that an aggregator has collected, from a position on, each with its own."""
    for number, (place, sets) in enumerate(context.emulator.config.places.items()):
        if number < start[0] or not aggregator.shows(place):
            continue
        if filters.get("AccountId") not in {None, place[0]} or filters.get("AwsRegion") not in {
            None,
            place[1],
        }:
            continue
        for index, rules in enumerate(sets):
            if (number, index) >= (start[0], start[1]):
                yield (number, index), rules


def _only_results(wanted: str | None) -> None:
    if wanted not in {None, COMPLIANT, NON_COMPLIANT}:
        message = f"ComplianceType {wanted} is not supported; use COMPLIANT or NON_COMPLIANT"
        raise ApiError("ValidationException", message)


def _no_such_pack(name: str) -> ApiError:
    return ApiError("NoSuchConformancePackException", f"Conformance pack {name} does not exist")


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "DescribeAggregateComplianceByConfigRules": describe_aggregate_compliance_by_config_rules,
        "DescribeAggregateComplianceByConformancePacks": describe_aggregate_compliance_by_conformance_packs,
        "DescribeConfigurationAggregatorSourcesStatus": describe_configuration_aggregator_sources_status,
        "DescribeConfigurationAggregators": describe_configuration_aggregators,
        "DescribeConformancePackCompliance": describe_conformance_pack_compliance,
        "DescribeConformancePacks": describe_conformance_packs,
        "GetAggregateComplianceDetailsByConfigRule": get_aggregate_compliance_details_by_config_rule,
    }
)
