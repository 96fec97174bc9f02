"""Reads all that an aggregator says, in calls bounded by rows ÷ page, and what the failed rules fail for."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from posture.aws.config.wire import PackRow, RuleRow, SourceStatus
from posture.domain.results.gathering import ResultGathering
from posture.domain.results.lifting import NamedResource, Suppressed, is_lifted, may_be_lifted
from posture.domain.results.picture import ResultsAsked, SourceState
from posture.domain.results.rows import PackResult, Place, RuleKey, RuleResult, verdict_of
from posture.sources.config.cloud import ConfigCloud

_SUCCEEDED = "SUCCEEDED"
# Details are read for a rule, an account and a Region at a time; Config's limiter sets the pace.
_AT_ONCE = 4


class Gathered(NamedTuple):
    """All rows of a poll, and how the sources of the aggregator fare."""

    rows: ResultGathering
    sources: tuple[SourceState, ...]
    calls: int


async def gather_results(cloud: ConfigCloud, aggregator: str, asked: ResultsAsked) -> Gathered:
    """Read everything once. The sources come first: what fails afterwards has been read before that."""
    sources = tuple(map(_state, await cloud.source_statuses(aggregator)))
    rows, calls = ResultGathering(asked), 1
    if asked.packs:
        async for packs in cloud.pack_rows(aggregator):
            calls += 1
            for pack in packs:
                rows.add_pack(_pack_result(pack))
    async for rules in cloud.rule_rows(aggregator):
        calls += 1
        for rule in rules:
            rows.add_rule(_rule_result(rule))
    return Gathered(rows, sources, calls)


async def lifted(
    cloud: ConfigCloud, aggregator: str, rows: ResultGathering, suppressed: Suppressed
) -> frozenset[RuleKey]:
    """Return the rules that fail no longer. Details are read of those alone that may be among them."""
    keys = may_be_lifted(rows.failed(suppressed), suppressed)
    found: set[RuleKey] = set()
    for at in range(0, len(keys), _AT_ONCE):
        asked = keys[at : at + _AT_ONCE]
        failing = await asyncio.gather(*(_failing(cloud, aggregator, key) for key in asked))
        found |= {key for key, each in zip(asked, failing, strict=True) if is_lifted(each, suppressed[key])}
    return frozenset(found)


async def _failing(cloud: ConfigCloud, aggregator: str, key: RuleKey) -> list[NamedResource]:
    rows = await cloud.evaluations(aggregator, key.rule, *key.place)
    return [NamedResource(row.resource_type, row.resource_id) for row in rows]


def accounts_of(statuses: Iterable[SourceStatus]) -> frozenset[str]:
    """Return the accounts that an aggregator collects from, as far as its sources name them."""
    return frozenset(each.source_id for each in statuses if each.source_type == "ACCOUNT")


def is_read(status: SourceStatus) -> bool:
    """Whether what the aggregator shows of a source is what there is."""
    return status.last_update_status == _SUCCEEDED


def _state(status: SourceStatus) -> SourceState:
    return SourceState(status.source_id, status.aws_region or "all Regions", is_read(status))


def _pack_result(row: PackRow) -> PackResult:
    numbers = row.compliance
    return PackResult(
        row.conformance_pack_name,
        Place(row.account_id, row.aws_region),
        numbers.compliant_rule_count,
        numbers.non_compliant_rule_count,
        numbers.total_rule_count,
    )


def _rule_result(row: RuleRow) -> RuleResult:
    count = row.compliance.compliance_contributor_count
    return RuleResult(
        row.config_rule_name,
        Place(row.account_id, row.aws_region),
        verdict_of(row.compliance.compliance_type),
        None if count is None else count.capped_count,
    )
