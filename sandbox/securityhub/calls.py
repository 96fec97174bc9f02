"""What was asked of the emulator: counts by account, Region and operation, and the last requests."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class CallCount:
    """Calls of one operation in one account and Region. `throttled` and `failed` are among `calls`."""

    account: str
    region: str
    operation: str
    calls: int = 0
    throttled: int = 0
    failed: int = 0
    faults: int = 0
    findings: int = 0
    response_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `at`: microseconds by the emulator's clock; `code`: the error's, or None."""

    at: int
    account: str
    region: str
    access_key: str
    operation: str
    parameters: dict[str, Any]
    code: str | None
    findings: int


class Calls:
    """Counts calls and keeps the last ones. `keep`: how many requests with their parameters."""

    def __init__(self, keep: int = 1000) -> None:
        self.requests: deque[Request] = deque(maxlen=keep)
        self._counts: dict[tuple[str, str, str], CallCount] = {}

    def record(self, request: Request, *, response_bytes: int, fault: bool) -> None:
        """Count one answered request."""
        key = (request.account, request.region, request.operation)
        count = self._counts.setdefault(key, CallCount(*key))
        count.calls += 1
        count.throttled += request.code in {"TooManyRequestsException", "ThrottlingException"}
        count.failed += request.code is not None
        count.faults += fault
        count.findings += request.findings
        count.response_bytes += response_bytes
        self.requests.append(request)

    def reset(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self.requests.clear()

    def total(self, operation: str | None = None) -> int:
        """Return the number of calls, of one operation or of all."""
        return sum(it.calls for it in self._counts.values() if operation in (None, it.operation))

    def counts(self) -> list[dict[str, Any]]:
        """Return the counts as plain data."""
        return [asdict(count) for count in self._counts.values()]

    def recent(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the kept requests as plain data, oldest first."""
        return [asdict(request) for request in self.requests if operation in (None, request.operation)]
