"""When to try again: soon and not all at once after what passes, at the usual pace after what does not."""

import random
from dataclasses import dataclass

from posture.aws.client.errors import Terminal


@dataclass(slots=True)
class BackOff:
    """Counts failures in a row. `first`, `longest`: seconds."""

    first: float = 2.0
    longest: float = 300.0
    _failures: int = 0

    def succeeded(self) -> None:
        """Begin again with the first pause."""
        self._failures = 0

    def after(self, error: Exception, interval: float) -> float:
        """Return the seconds to wait after a failure, never longer than `interval`, the usual pace."""
        if isinstance(error, Terminal):
            return interval
        longest = min(self.longest, self.first * 2**self._failures)
        self._failures = min(self._failures + 1, 20)
        seconds = random.uniform(longest / 2, longest)  # noqa: S311 - spreads retries, keeps no secret
        return min(seconds, interval)
