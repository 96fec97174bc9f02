"""The simulated cloud with so many findings, and as many at a time as a measure wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.cloud import Cloud
from sandbox.organization import Organization


class _Cut:
    """A simulated organization, cut to a number of findings."""

    def __init__(self, findings: int) -> None:
        self._organization = Organization.of_size(findings)
        self._findings = findings

    def seed(self) -> dict[str, Any]:
        return self._organization.seed()

    def findings(self) -> Iterator[bytes]:
        return self._organization.findings(self._findings)


@contextmanager
def cloud_with(findings: int, *, quotas: float | None = None) -> Iterator[Cloud]:
    """Run a cloud whose Security Hub has so many findings; `quotas`: AWS's, times this (None: no quotas)."""
    with Cloud.start(organization=_Cut(findings), quotas=quotas) as cloud:
        yield cloud
