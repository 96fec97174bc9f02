"""A synchronous client of the control endpoint."""

import http.client
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

Document = dict[str, Any]


class ControlError(Exception):
    """The emulator refused what it was told; the message says why."""


class ControlClient:
    """Tells the emulator at `url` what to do. See `control.py` for what each document may say."""

    def __init__(self, url: str, timeout: float = 600.0) -> None:
        self._address = urlsplit(url).netloc
        self._timeout = timeout

    def call(
        self, method: str, name: str, body: Document | bytes | Iterable[bytes] | None = None
    ) -> Document:
        """Send one request and return the answer. Raises ControlError where it is refused."""
        connection = http.client.HTTPConnection(self._address, timeout=self._timeout)
        try:
            encoded = msgspec.json.encode(body) if isinstance(body, dict) else body
            connection.request(method, f"/_control/{name}", encoded, encode_chunked=_is_stream(encoded))
            answer = connection.getresponse()
            document: Document = msgspec.json.decode(answer.read())
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise ControlError(f"{method} {name}: {document.get('error')}")
        return document

    def health(self) -> Document:
        """Return counts of findings and pending updates, the time, memory and CPU time."""
        return self.call("GET", "health")

    def reset(self) -> None:
        """Forget everything."""
        self.call("POST", "reset")

    def seed(self, document: Document) -> None:
        """Set an organization up (`seed.py`)."""
        self.call("POST", "seed", document)

    def load(self, findings: Iterable[Mapping[str, Any] | bytes] | Path) -> int:
        """Add findings, or the NDJSON file with them, as they are; return how many."""
        if isinstance(findings, Path):
            path = urlencode({"path": str(findings)})
            return int(self.call("POST", f"load?{path}")["loaded"])
        return int(self.call("POST", "load", _lines(findings))["loaded"])

    def mutate(self, *mutations: Document) -> list[int]:
        """Change findings (`mutations.py`): `{"op": "workflow", "id": …, "status": "SUPPRESSED"}`, …."""
        changed: list[int] = self.call("POST", "mutate", {"mutations": list(mutations)})["changed"]
        return changed

    def findings(self, *, account: str | None = None, region: str | None = None) -> Iterator[Document]:
        """Yield the findings as they truly are, of one account or Region where they are given."""
        query = urlencode({k: v for k, v in (("account", account), ("region", region)) if v is not None})
        connection = http.client.HTTPConnection(self._address, timeout=self._timeout)
        try:
            connection.request("GET", f"/_control/findings?{query}")
            for line in connection.getresponse():
                yield msgspec.json.decode(line)
        finally:
            connection.close()

    def count(self, filters: Document | None = None) -> int:
        """Return how many findings match GetFindings filters, whatever account and Region they are of."""
        return int(self.call("POST", "count", filters or {})["findings"])

    def clock(self, **wanted: Any) -> str:  # noqa: ANN401 - ClockRequest
        """Set (`set`), move (`advance`), freeze or release (`freeze`) the clock, or make it `real`."""
        return str(self.call("POST", "clock", wanted)["now"])

    def hub(self, account: str, region: str, **wanted: Any) -> Document:  # noqa: ANN401 - HubRequest
        """Turn a hub on or off (`enabled`) or change `standards`, `control_finding_generator`, …."""
        return self.call("POST", "hub", {"account": account, "region": region, **wanted})

    def control(self, standard: str, control: str, *, enabled: bool, **where: Any) -> int:  # noqa: ANN401 - ControlRequest
        """Turn a control of a standard on or off, in one `account` or `region` or all; return in how many."""
        document = {"standard": standard, "control": control, "enabled": enabled, **where}
        return int(self.call("POST", "control", document)["hubs"])

    def members(self, **wanted: Any) -> list[str]:  # noqa: ANN401 - MembersRequest
        """Let accounts `join` ({id: name}) or `leave` ([id]); set how the organization is; return members."""
        members: list[str] = self.call("POST", "members", wanted)["members"]
        return members

    def settings(self, **wanted: Any) -> None:  # noqa: ANN401 - SettingsRequest
        """Change quotas, latency, token_lifetime, offset_tokens, update_delay, merge_user_fields."""
        self.call("POST", "settings", wanted)

    def staleness(self, seconds: float, **wanted: Any) -> None:  # noqa: ANN401 - StalenessRequest
        """Let reads show findings as they were up to so many seconds ago; 0 ends it."""
        self.call("POST", "staleness", {"seconds": seconds, **wanted})

    def events(self, **wanted: Any) -> None:  # noqa: ANN401 - EventsRequest
        """Tell events of changes from now on, and say where they go; nothing given: no more."""
        self.call("POST", "events", wanted)

    def fault(self, kind: str, operation: str = "*", **rule: Any) -> int:  # noqa: ANN401 - Fault
        """Put a fault in force (`faults.py`) and return its id."""
        return int(self.call("POST", "faults", {"kind": kind, "operation": operation, **rule})["id"])

    def faults(self) -> list[Document]:
        """Return the faults in force and how often each has hit."""
        faults: list[Document] = self.call("GET", "faults")["faults"]
        return faults

    def lift_faults(self, identifier: int | None = None) -> None:
        """Lift one fault, or all."""
        self.call("DELETE", "faults" if identifier is None else f"faults?id={identifier}")

    def register_credentials(self, access_key: str, account: str) -> None:
        """Say whose an access key is."""
        self.call("POST", "credentials", {"register": {access_key: account}})

    def expire_credentials(self, access_key: str = "*") -> int:
        """Let an access key expire, or all that were used so far; return how many."""
        return int(self.call("POST", "credentials", {"expire": access_key})["expired"])

    def restore_credentials(self) -> None:
        """Let expired access keys work again."""
        self.call("POST", "credentials", {"restore": True})

    def expire_tokens(self) -> None:
        """Make every NextToken issued so far invalid."""
        self.call("POST", "tokens/expire")

    def calls(self, operation: str | None = None) -> Document:
        """Return `counts` by account, Region and operation, and the last `requests`."""
        return self.call("GET", f"calls?operation={operation}" if operation else "calls")

    def call_total(self, operation: str | None = None) -> int:
        """Return the number of calls, of one operation or of all."""
        return sum(count["calls"] for count in self.calls(operation)["counts"])

    def reset_calls(self) -> None:
        """Count from zero."""
        self.call("DELETE", "calls")


def _is_stream(body: object) -> bool:
    return body is not None and not isinstance(body, bytes)


def _lines(findings: Iterable[Mapping[str, Any] | bytes]) -> Iterator[bytes]:
    """Yield NDJSON in pieces large enough to be sent one by one."""
    piece: list[bytes] = []
    size = 0
    for finding in findings:
        line = finding if isinstance(finding, bytes) else msgspec.json.encode(finding)
        piece += [line, b"\n"]
        size += len(line)
        if size > 1 << 20:
            yield b"".join(piece)
            piece, size = [], 0
    yield b"".join(piece) or b"\n"
