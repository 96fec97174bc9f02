"""What is asked of AWS Config, and which aggregator is meant."""

from collections.abc import AsyncIterator
from typing import ClassVar, Protocol

from posture.api.reasons.words import Named
from posture.aws.client.errors import Terminal
from posture.aws.config.wire import Aggregator, EvaluationRow, PackRow, RuleRow, SourceStatus


class ConfigCloud(Protocol):
    """What a hub asks of Config; `posture.aws.config.client.AggregatorClient` is one. All raise AwsError."""

    def now(self) -> int:
        """Return the time (µs) by AWS's clock; by the local one while AWS has not answered."""
        ...

    async def aggregator(self, name: str) -> Aggregator | None:
        """Return an aggregator of this account and Region; None where there is none of that name."""
        ...

    async def aggregators(self) -> list[Aggregator]:
        """Return all aggregators of this account and Region."""
        ...

    async def source_statuses(self, aggregator: str) -> list[SourceStatus]:
        """Return how the last update of each source went, in each Region."""
        ...

    def rule_rows(self, aggregator: str) -> AsyncIterator[list[RuleRow]]:
        """Yield the compliance of all rules that have results, a page at a time."""
        ...

    def pack_rows(self, aggregator: str) -> AsyncIterator[list[PackRow]]:
        """Yield the compliance of all packs in all accounts, a page at a time."""
        ...

    async def evaluations(
        self, aggregator: str, rule: str, account_id: str, region: str
    ) -> list[EvaluationRow]:
        """Return the resources that do not comply with a rule of an account and Region."""
        ...


_OPERATION = "DescribeConfigurationAggregators"


class AggregatorNotFound(Terminal):
    """The target's aggregator is not there."""

    reason: ClassVar[Named] = "AggregatorNotFound"


class AggregatorNotChosen(Terminal):
    """Of several aggregators none is named."""

    reason: ClassVar[Named] = "AggregatorNotChosen"


async def chosen_aggregator(cloud: ConfigCloud, name: str | None) -> Aggregator:
    """Return the aggregator of a name; without a name the only one. Raises AwsError where there is none."""
    if name is not None:
        found = await cloud.aggregator(name)
        if found is not None:
            return found
    there = await cloud.aggregators()
    if name is None and len(there) == 1:
        return there[0]
    names = ", ".join(sorted(each.name for each in there)) or "none"
    if name is None and there:
        raise AggregatorNotChosen(
            f"There are several aggregators: {names}",
            service="config",
            operation=_OPERATION,
            code="Several",
            advice="Write the one that is meant to spec.source, as aggregator",
        )
    said = "any aggregator" if name is None else f"the aggregator {name}"
    raise AggregatorNotFound(
        f"This account and Region do not have {said}; there are: {names}",
        service="config",
        operation=_OPERATION,
        code="NoSuchConfigurationAggregatorException",
        advice="Correct spec.source's aggregator, spec.aws.region or the role, or create the aggregator",
    )
