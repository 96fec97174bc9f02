"""Faults on request: which kind, on which calls, how often."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

KINDS = {
    "throttle": "429 TooManyRequestsException",
    "error": "an error answer: options status (500), code (InternalException), message",
    "denied": "403 AccessDeniedException",
    "expired_credentials": "403 ExpiredTokenException",
    "invalid_token": "a NextToken is refused, as if it had expired; calls without one pass",
    "unreachable": "the connection is closed before anything is done",
    "reset": "the call is done, but the connection breaks in the middle of the answer",
    "slow": "the answer takes longer: options seconds (1)",
    "held": "the call is done, and its answer kept back until the fault is lifted: options filters (names of"
    " the attributes that the call filters by, no others), next_page (true: a page that is not the first)",
    "truncated": "200 with half of the JSON and a Content-Length that fits",
    "html": "200 with an HTML page",
    "misdated": "the Date of the answer, whatever else is wrong with it, is off: options seconds (3600)",
    "empty": "200 without a body",
    "duplicate": "the next page starts with the last findings of this one again: options findings (3)",
    "moved": "after this page the finding that comes next is updated by its provider",
    "short": "a page with fewer findings than MaxResults although others follow: options findings (0; rows of"
    " Config: rows)",
    "wrong": "the first row of a page of Config is another: options set (its members), without (their names)",
    "repeated": "the NextToken of a page of Config is the one that was asked with",
    "unordered": "the values of an insight come in another order",
    "unprocessed": "a batch leaves some findings, or controls, out: options code, message, ids (any),"
    " findings (1) or controls (1)",
}
"""Every kind of fault, and what it does."""
WITHIN = frozenset(
    {"invalid_token", "duplicate", "moved", "short", "wrong", "repeated", "unordered", "unprocessed", "held"}
)
"""Kinds that need an occasion (a token, a page that others follow, an update): only these are counted."""

_numbers = itertools.count(1)


@dataclass(slots=True)
class Fault:
    """One rule: it fires on matching calls, after the first `after`, `count` times (None: for ever).

    `holding`, `broken_off`: the parameters of calls that it holds, and of those whose caller went away.
    """

    kind: str
    operation: str = "*"
    account: str | None = None
    region: str | None = None
    count: int | None = 1
    probability: float = 1.0
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    id: int = field(default_factory=lambda: next(_numbers))
    seen: int = 0
    hits: int = 0
    holding: list[dict[str, Any]] = field(default_factory=list)
    broken_off: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of fault; there are {', '.join(KINDS)}")

    def concerns(self, operation: str, account: str, region: str) -> bool:
        """Say whether a call is one of those that this rule is about."""
        return (
            self.operation in {"*", operation}
            and self.account in {None, account}
            and self.region in {None, region}
        )

    def means(self, parameters: Mapping[str, Any]) -> bool:
        """Say whether it holds a call with these parameters."""
        filters = self.options.get("filters")
        asked = parameters.get("Filters", {}).keys()
        return (filters is None or asked == set(filters)) and (
            not self.options.get("next_page") or "NextToken" in parameters
        )


class Faults:
    """The rules in force."""

    def __init__(self, random: Random) -> None:
        self.rules: list[Fault] = []
        self._random = random
        self._lifted: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    def add(self, kind: str, **rule: Any) -> Fault:  # noqa: ANN401 - the members of Fault
        """Put a rule in force. Raises ValueError or TypeError for what is none."""
        fault = Fault(kind, **rule)
        self.rules.append(fault)
        return fault

    def remove(self, identifier: int | None = None) -> None:
        """Lift one rule, or all, and let the calls go that they hold."""
        lifted = [rule for rule in self.rules if identifier in (None, rule.id)]
        self.rules = [rule for rule in self.rules if rule not in lifted]
        for rule in lifted:
            self._lifted[rule.id].set()

    async def hold(self, operation: str, account: str, region: str, parameters: dict[str, Any]) -> None:
        """Return at once, or where a rule holds this call when that is lifted."""
        meant = [rule for rule in self.rules if rule.kind == "held" and rule.means(parameters)]
        rule = next((rule for rule in meant if self._fires(rule, operation, account, region)), None)
        if rule is None:
            return
        rule.holding.append(parameters)
        try:
            await self._lifted[rule.id].wait()
        except asyncio.CancelledError:
            rule.broken_off.append(parameters)
            raise
        finally:
            rule.holding.remove(parameters)

    def firing(self, operation: str, account: str, region: str) -> list[Fault]:
        """Return the rules that fire on this call, whatever it asks."""
        rules = [rule for rule in self.rules if rule.kind not in WITHIN]
        return [rule for rule in rules if self._fires(rule, operation, account, region)]

    def take(self, kind: str, operation: str, account: str, region: str) -> Fault | None:
        """Return the first rule of a kind in `WITHIN` that fires now that there is an occasion for it."""
        rules = [rule for rule in self.rules if rule.kind == kind]
        return next((rule for rule in rules if self._fires(rule, operation, account, region)), None)

    def _fires(self, rule: Fault, operation: str, account: str, region: str) -> bool:
        if not rule.concerns(operation, account, region):
            return False
        rule.seen += 1
        spent = rule.count is not None and rule.hits >= rule.count
        if rule.seen <= rule.after or spent or self._random.random() >= rule.probability:
            return False
        rule.hits += 1
        return True

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules with their hits, as plain data."""
        return [asdict(rule) for rule in self.rules]


def first(faults: Iterable[Fault], *kinds: str) -> Fault | None:
    """Return the first fault of one of these kinds, or None."""
    return next((fault for fault in faults if fault.kind in kinds), None)
