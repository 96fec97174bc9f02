"""Request quotas: a token bucket per account, Region and operation, at the rates that AWS publishes."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Rate(NamedTuple):
    """Calls a second, and how many may come at once."""

    per_second: float
    burst: float


RATES = {
    "GetFindings": Rate(3, 6),
    "UpdateStandardsControl": Rate(1, 5),
    "BatchEnableStandards": Rate(1, 1),
}
"""Security Hub's quotas (endpoints and quotas page); all other operations have DEFAULT_RATE."""
RATES |= dict.fromkeys(
    (
        "DescribeAggregateComplianceByConfigRules",
        "DescribeAggregateComplianceByConformancePacks",
        "DescribeConfigurationAggregatorSourcesStatus",
        "DescribeConfigurationAggregators",
        "DescribeConformancePackCompliance",
        "DescribeConformancePacks",
        "GetAggregateComplianceDetailsByConfigRule",
    ),
    Rate(5, 10),
)
"""Config publishes no quotas; these are supposed."""
DEFAULT_RATE = Rate(10, 30)


class Quotas:
    """Takes one token a call. `scale` multiplies rates and bursts; `monotonic` is read in seconds."""

    def __init__(
        self, *, enabled: bool = True, scale: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.enabled = enabled
        self.scale = scale
        self.rates: dict[str, Rate] = dict(RATES)
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def take(self, account: str, region: str, operation: str) -> bool:
        """Take a token for one call; False where there is none: the call is throttled."""
        if not self.enabled:
            return True
        rate = self.rates.get(operation, DEFAULT_RATE)
        capacity = max(1.0, rate.burst * self.scale)
        key, now = (account, region, operation), self._monotonic()
        level, filled_at = self._buckets.get(key, (capacity, now))
        level = min(capacity, level + (now - filled_at) * rate.per_second * self.scale)
        allowed = level >= 1
        self._buckets[key] = (level - 1 if allowed else level, now)
        return allowed

    def refill(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()
