"""AWS Config as one identity sees it from one Region: what its aggregators have collected.

An aggregator is read in its account and Region alone. All lists come in pages that may be
empty and still have a token, on every aggregate call (API reference): they end with the token. A list is read
once, in as many calls as it has pages; a page that cannot be had ends it with an error, so that what came
before it is no list, and is to be forgotten. `Limit` 0 means a default, so that the greatest is asked for.

AWS publishes no quotas of these calls: `limiter` begins with five a second, and learns.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from botocore import xform_name

from posture.aws.client.calls import Calls
from posture.aws.client.errors import MalformedResponse, Terminal
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.responses import DECODED
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.config.wire import (
    DECODERS,
    NON_COMPLIANT,
    SERVICE,
    Aggregator,
    EvaluationRow,
    PackRow,
    RuleRow,
    SourceStatus,
)

RULES_A_PAGE = 1000
PACKS_A_PAGE = 100
_LIST_A_PAGE = 100
_NO_SUCH_AGGREGATOR = "NoSuchConfigurationAggregatorException"


class AggregatorClient:
    """Config's API for one identity and its Region. Any number of calls may be under way at once.

    Every method raises AwsError: Retryable, Terminal, and TokenRefused where a list that goes on is refused:
    it is to be read from its first page again. Throttling is waited out before it is an error.
    """

    def __init__(self, sessions: Sessions, identity: Identity, limiters: Limiters, usage: Usage) -> None:
        self.identity = identity
        for (service, operation), decoder in DECODERS.items():
            sessions.decode(service, operation, decoder)
        self._calls = Calls(sessions, identity, limiters, usage, service=SERVICE)

    def now(self) -> int:
        """Return the time in microseconds by AWS's clock; by the local one while AWS has not answered."""
        return self._calls.clock.now()

    async def aggregator(self, name: str) -> Aggregator | None:
        """Return an aggregator of this account and Region; None where there is none of that name."""
        parameters = {"ConfigurationAggregatorNames": [name]}
        try:
            found = await self._all("DescribeConfigurationAggregators", parameters)
        except Terminal as error:
            if error.code == _NO_SUCH_AGGREGATOR:
                return None
            raise
        return next((each for each in found if each.name == name), None)

    async def aggregators(self) -> list[Aggregator]:
        """Return all aggregators of this account and Region."""
        return await self._all("DescribeConfigurationAggregators", {"Limit": _LIST_A_PAGE})

    async def source_statuses(self, aggregator: str) -> list[SourceStatus]:
        """Return how the last update of each source of an aggregator went, in each Region."""
        return await self._all(
            "DescribeConfigurationAggregatorSourcesStatus",
            {"ConfigurationAggregatorName": aggregator, "Limit": _LIST_A_PAGE},
        )

    def rule_rows(
        self,
        aggregator: str,
        *,
        rule: str | None = None,
        account_id: str | None = None,
        region: str | None = None,
    ) -> AsyncIterator[list[RuleRow]]:
        """Yield the compliance of all rules that have results, a page at a time, of up to 1,000 rows.

        `rule` (its whole name), `account_id`, `region`: of these only. Each page is decoded when it is asked
        for, and kept by nobody here.
        """
        filters = {"ConfigRuleName": rule, "AccountId": account_id, "AwsRegion": region}
        return self._pages(
            "DescribeAggregateComplianceByConfigRules",
            _aggregate(aggregator, filters, RULES_A_PAGE),
        )

    def pack_rows(
        self,
        aggregator: str,
        *,
        pack: str | None = None,
        account_id: str | None = None,
        region: str | None = None,
    ) -> AsyncIterator[list[PackRow]]:
        """Yield the compliance of all packs in all accounts, a page at a time, of up to 100 rows.

        Packs that were deleted are among them (API reference).
        """
        filters = {"ConformancePackName": pack, "AccountId": account_id, "AwsRegion": region}
        return self._pages(
            "DescribeAggregateComplianceByConformancePacks",
            _aggregate(aggregator, filters, PACKS_A_PAGE),
        )

    async def evaluations(
        self, aggregator: str, rule: str, account_id: str, region: str, compliance: str = NON_COMPLIANT
    ) -> list[EvaluationRow]:
        """Return what one rule (its whole name) of one account and Region says of each resource.

        Those with this `compliance` only. A call for each 100 resources. MalformedResponse where the answer
        is about anything else than what was asked.
        """
        operation = "GetAggregateComplianceDetailsByConfigRule"
        parameters = {
            "ConfigurationAggregatorName": aggregator,
            "ConfigRuleName": rule,
            "AccountId": account_id,
            "AwsRegion": region,
            "ComplianceType": compliance,
            "Limit": _LIST_A_PAGE,
        }
        found = await self._all(operation, parameters)
        asked = (rule, account_id, region, compliance)
        for each in found:
            if (each.config_rule_name, each.account_id, each.aws_region, each.compliance_type) != asked:
                raise self._malformed(operation, "It answers about something else", "Foreign")
        return found

    async def _all(self, operation: str, parameters: Mapping[str, Any]) -> list[Any]:
        return [row async for rows in self._pages(operation, parameters) for row in rows]

    async def _pages(self, operation: str, parameters: Mapping[str, Any]) -> AsyncIterator[list[Any]]:
        """Yield the rows of each page until there is no token. A token that comes back is no end."""
        request, seen = dict(parameters), set[int]()
        asked = _row_fields(parameters.get("Filters", {}))
        while True:
            page = (await self._calls.call(operation, request)).body[DECODED]
            for name, value in asked:
                if any(getattr(row, name) != value for row in page.rows):
                    raise self._malformed(operation, f"{name} is not {value}", "Foreign")
            yield page.rows
            if not page.next_token:
                return
            # Tokens may be long, and a list has a thousand pages.
            mark = hash(page.next_token)
            if mark in seen:
                raise self._malformed(operation, "A NextToken came again", "Endless")
            seen.add(mark)
            request["NextToken"] = page.next_token

    @staticmethod
    def _malformed(operation: str, message: str, code: str) -> MalformedResponse:
        return MalformedResponse(message, service=SERVICE, operation=operation, code=code)


def _aggregate(aggregator: str, filters: Mapping[str, str | None], limit: int) -> dict[str, Any]:
    parameters: dict[str, Any] = {"ConfigurationAggregatorName": aggregator, "Limit": limit}
    chosen = {name: value for name, value in filters.items() if value is not None}
    return {**parameters, "Filters": chosen} if chosen else parameters


def _row_fields(filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what every row must have, by its name in a struct, for what a request filters by."""
    return [(xform_name(name), value) for name, value in filters.items()]
