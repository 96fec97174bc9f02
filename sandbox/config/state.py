"""All of Config's state: rule sets by account and Region, aggregators, and what they have yet to collect."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.config.rules import Evaluation, RuleSet
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.clock import MICROSECONDS, Clock

SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
OUTDATED = "OUTDATED"
STATUSES = (SUCCEEDED, FAILED, OUTDATED)
ORGANIZATION = "Organization"
"""What stands for a whole organization in a source's status. AWS does not say."""
Place = tuple[str, str]
"""Account, Region."""


class Status(NamedTuple):
    """How the last update of a source went. `at`: µs; `rows`: what was collected before is still shown."""

    status: str
    at: int
    code: str = ""
    message: str = ""
    rows: bool = True


@dataclass(slots=True)
class Aggregator:
    """An aggregator, and where it collects from. `accounts` None: the organization; `regions` None: all.

    `lists_accounts`: an organization's status is told account by account, besides as a whole; AWS does not
    say which. `statuses`: of sources that are not as they should be, by account (or `ORGANIZATION`) and
    Region.
    """

    name: str
    account: str
    region: str
    accounts: list[str] | None = None
    regions: list[str] | None = None
    lists_accounts: bool = True
    statuses: dict[Place, Status] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return (
            f"arn:{partition_of(self.region)}:config:{self.region}:{self.account}:config-aggregator/"
            f"config-aggregator-{self.name.lower()}"
        )

    def covers(self, place: Place) -> bool:
        """Say whether it collects from an account and Region."""
        account, region = place
        return (self.accounts is None or account in self.accounts) and (
            self.regions is None or region in self.regions
        )

    def shows(self, place: Place) -> bool:
        """Say whether it has rows of an account and Region."""
        status = self.statuses.get(place)
        return self.covers(place) and (status is None or status.rows)


class _Pending(NamedTuple):
    due: int
    rules: RuleSet
    number: int


class Config:
    """Rules, packs and aggregators.

    `delay`: seconds until an aggregator shows a change, by the emulator's clock. `empty_pages`: after so many
    pages of a list comes one without rows, with a token; the second page of each list that has one is such a
    page too. 0: none is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.places: dict[Place, list[RuleSet]] = {}
        self.aggregators: dict[tuple[str, str, str], Aggregator] = {}
        self.delay = 0.0
        self.empty_pages = 20
        self._pending: list[_Pending] = []

    def sets(self, account: str, region: str) -> list[RuleSet]:
        """Return the rule sets of an account and Region."""
        return self.places.setdefault((account, region), [])

    def find(self, account: str, region: str, rule: str) -> tuple[RuleSet, int] | None:
        """Find a rule that exists, by its whole name."""
        for rules in self.places.get((account, region), ()):
            index = None if rules.deleted else rules.index(rule)
            if index is not None:
                return rules, index
        return None

    def packs(self, account: str, region: str) -> Iterator[RuleSet]:
        """Yield the rule sets of packs that exist in an account and Region."""
        for rules in self.places.get((account, region), ()):
            if rules.pack is not None and not rules.deleted:
                yield rules

    def set(self, rules: RuleSet, index: int, evaluations: list[Evaluation]) -> None:
        """Set what a rule says of resources, for aggregators to collect."""
        rules.set(index, evaluations)
        self._pending.append(_Pending(self._clock.now() + round(self.delay * MICROSECONDS), rules, index))
        self.settle()

    def settle(self) -> int:
        """Let aggregators collect what is due from sources that work; return how much still waits."""
        now, waiting = self._clock.now(), []
        for pending in self._pending:
            place = pending.rules.account, pending.rules.region
            if pending.due <= now and not any(place in each.statuses for each in self.aggregators.values()):
                pending.rules.collect(pending.number)
            else:
                waiting.append(pending)
        self._pending = waiting
        return len(waiting)
