"""Keeps to AWS's request quotas: a token bucket for each account, Region and operation of this process.

Published rates are Security Hub's (API reference, "Security Hub quotas": GetFindings 3/s with a burst of 6,
and so on), and half of those of Organizations (user guide, "Quotas": ListAccounts 8/s with a burst of 12, and
so on), which all accounts of an organization share. A standard queue takes nearly any number of calls (SQS
developer guide, "Quotas"); 300 a second are 3,000 messages. `share` of them is ours; the rest is for people.
A throttled answer means that others use the quota too: the rate is halved, and grows back with every answer
that is not throttled. `Usage` counts the calls that AWS got from this process, and what throttling cost, for
the metrics to read.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Rate(NamedTuple):
    """A published quota: requests per second, and how many at once after a pause."""

    per_second: float
    burst: float


_PUBLISHED = {
    ("securityhub", "GetFindings"): Rate(3, 6),
    ("securityhub", "UpdateStandardsControl"): Rate(1, 5),
    ("securityhub", "BatchEnableStandards"): Rate(1, 1),
    ("sqs", "ReceiveMessage"): Rate(300, 300),
    ("sqs", "DeleteMessageBatch"): Rate(300, 300),
    ("organizations", "ListAccounts"): Rate(4, 6),
    ("organizations", "ListTagsForResource"): Rate(5, 7),
}
# Of Config none is published: what large organizations are seen to get along with, in any of its calls.
_SUPPOSED = {"config": Rate(5, 6)}
_ALL_OTHERS = Rate(10, 30)
# Of these one Region answers for all.
_GLOBAL = frozenset({"organizations"})

# Requests that were spaced well when they left arrive bunched by what latency varies. One token that is never
# spent absorbs that, so that a share of 1 fills the quota without being throttled.
_RESERVE = 1.0
_LOWEST = 1 / 16
_STEP = 1 / 40
_COOL_DOWN = 1.0
# A token that is whole but for the rounding of its parts; waiting for the rest would not move the clock.
_WHOLE = 1.0 - 1e-9


def published(service: str, operation: str) -> Rate:
    """Look up AWS's quota of an operation, per account and Region; a modest one where none is published."""
    return _PUBLISHED.get((service, operation)) or _SUPPOSED.get(service, _ALL_OTHERS)


class Bucket:
    """The tokens of one operation in one account and Region. Callers are served in the order they came.

    At most `burst + rate x t` calls start in any t seconds. `monotonic` and `sleep` are injected.
    """

    def __init__(
        self,
        quota: Rate,
        share: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._quota = quota
        self._monotonic = monotonic
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._updated = monotonic()
        self._halved_at = float("-inf")
        self._share(share)
        self._rate = self._limit
        self._tokens = self._burst

    @property
    def rate(self) -> float:
        """Requests per second that are let through now; below the share after throttling."""
        return self._rate

    async def acquire(self) -> float:
        """Wait for a token, first come first served, and take it; returns the monotonic time of the start."""
        async with self._turn:
            while True:
                now = self._refill()
                if self._tokens >= _WHOLE:
                    self._tokens -= 1.0
                    return now
                await self._sleep((1.0 - self._tokens) / self._rate)

    def succeeded(self) -> None:
        """Note an answer that was not throttled: the rate grows back by a small step, up to the share."""
        self._refill()
        self._rate = min(self._limit, self._rate + self._limit * _STEP)

    def throttled(self, started: float) -> None:
        """Note that AWS throttled a call which started at that monotonic time.

        Calls that were already under way when the rate was last halved say nothing new.
        """
        now = self._refill()
        if started < self._halved_at:
            return
        self._halved_at = now
        self._rate = max(self._rate / 2, self._limit * _LOWEST)
        # Nothing for a moment: what AWS's bucket lacks is more than what ours says.
        self._tokens = min(self._tokens, 0.0) - self._rate * _COOL_DOWN

    def set_share(self, share: float) -> None:
        """Change the share at run time; a rate that throttling lowered stays lowered."""
        self._refill()
        full = self._rate >= self._limit
        self._share(share)
        self._rate = self._limit if full else min(self._rate, self._limit)

    def _share(self, share: float) -> None:
        self._limit = self._quota.per_second * share
        self._burst = max(1.0, self._quota.burst * share - _RESERVE)

    def _refill(self) -> float:
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate)
        self._updated = now
        return now


class Limiters:
    """All buckets of the process: everybody who uses an account shares its quota."""

    def __init__(
        self,
        share: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make an empty registry; `share` is greater than 0 and at most 1 (ValueError otherwise)."""
        self._quota_share = _checked(share)
        self._monotonic = monotonic
        self._sleep = sleep
        self._buckets: dict[tuple[str, str, str, str], Bucket] = {}

    def bucket(self, account_id: str, region: str, service: str, operation: str) -> Bucket:
        """Get the one bucket of an operation in an account and Region, or in all Regions."""
        key = (account_id, "" if service in _GLOBAL else region, service, operation)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(
                published(service, operation),
                self._quota_share,
                monotonic=self._monotonic,
                sleep=self._sleep,
            )
        return bucket

    def set_share(self, share: float) -> None:
        """Change the share of every bucket, those to come included; ValueError as in the constructor."""
        self._quota_share = _checked(share)
        for bucket in self._buckets.values():
            bucket.set_share(share)


def _checked(share: float) -> float:
    if not 0 < share <= 1:
        raise ValueError(f"quotaShare must be greater than 0 and at most 1, not {share}")
    return share


class Usage:
    """Counters of one process; only the event loop's thread adds to them.

    `requests[(service, operation, code)]`: answers, and attempts without one. `code` is `200` and its like
    for a success, AWS's error code for a refusal, botocore's exception name where no answer came.
    `throttled_seconds[(service, operation, code)]`: seconds that calls waited because AWS had throttled them.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.throttled_seconds: dict[tuple[str, str, str], float] = {}

    def answered(self, service: str, operation: str, code: str) -> None:
        """Count one exchange with AWS."""
        self.requests[service, operation, code] += 1

    def throttled(self, service: str, operation: str, code: str, seconds: float) -> None:
        """Add seconds that a call waited after AWS had throttled it, with the code that AWS gave."""
        key = (service, operation, code)
        self.throttled_seconds[key] = self.throttled_seconds.get(key, 0.0) + seconds
