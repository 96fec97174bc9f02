"""How many calls AWS got from this process, and what throttling cost: plain counters that metrics read."""

from collections import Counter


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
