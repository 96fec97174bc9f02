"""The simulated cloud with so many findings, and what a measure lets happen in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import msgspec

from sandbox.cloud import Cloud
from sandbox.organization import Organization
from sandbox.securityhub.client import ControlClient

_POLL_SECONDS = 300
_PARTS = 30


_OURS = {"posture.dev/owner": "bench", "posture.dev/policy": "security/known"}


class _Cut:
    """A simulated organization, cut to a number of findings, of which a share fails and is suppressed."""

    def __init__(self, findings: int, suppressed: float) -> None:
        self._organization = Organization.of_size(findings)
        self._findings = findings
        self._suppressed = suppressed

    def seed(self) -> dict[str, Any]:
        return self._organization.seed()

    def findings(self) -> Iterator[bytes]:
        found = self._organization.findings(self._findings)
        return map(self._perhaps_suppressed, count(), found) if self._suppressed else found

    def _perhaps_suppressed(self, number: int, body: bytes) -> bytes:
        # Spread evenly: where the share of those so far reaches the next whole number.
        if int((number + 1) * self._suppressed) == int(number * self._suppressed):
            return body
        finding = msgspec.json.decode(body)
        finding |= {"Workflow": {"Status": "SUPPRESSED"}, "UserDefinedFields": _OURS}
        finding["Compliance"] = {**finding.get("Compliance", {}), "Status": "FAILED"}
        return msgspec.json.encode({**finding, "RecordState": "ACTIVE"})


@contextmanager
def cloud_with(findings: int, *, suppressed: float = 0.0) -> Iterator[Cloud]:
    """Run a cloud whose Security Hub has so many findings, answers at once and knows no quota.

    `suppressed`: which share of them the operator has suppressed.
    """
    with Cloud.start(organization=_Cut(findings, suppressed)) as cloud:
        yield cloud


def as_aws(control: ControlClient, latency: float) -> None:
    """Let Security Hub keep to AWS's quotas and answer GetFindings after `latency` seconds."""
    control.settings(quotas={"enabled": True, "scale": 1.0}, latency={"GetFindings": latency})


def change(control: ControlClient, findings: int) -> None:
    """Let so many findings be updated, and fail, spread over the time between two polls."""
    before = control.clock(advance=0)
    old = {"UpdatedAt": [{"Start": "1970-01-01T00:00:00Z", "End": before}]}
    for part in range(_PARTS):
        control.clock(advance=_POLL_SECONDS / _PARTS)
        limit = findings * (part + 1) // _PARTS - findings * part // _PARTS
        if limit:
            control.mutate(
                {"op": "update", "where": old, "limit": limit, "set": {"Compliance": {"Status": "FAILED"}}}
            )
