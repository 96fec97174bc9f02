"""A candidate: a resource that fails and is in scope of a rule, as all its findings tell of it together."""

from collections.abc import Iterable
from typing import NamedTuple

from posture.domain.findings import Finding, Severity, Workflow
from posture.domain.remediation.reasons import Outcome
from posture.domain.remediation.resources import ResourceKey

MAX_FINDINGS = 20
"""Findings that a candidate, and a journal entry, names."""


class FindingName(NamedTuple):
    """A finding as a journal entry names it. `control`: as AWS spells it, empty where it names none."""

    product_arn: str
    id: str
    control: str


class Candidate(NamedTuple):
    """A resource that fails and is in scope of a rule."""

    resource: ResourceKey
    findings: tuple[FindingName, ...]
    """The first by ProductArn and Id, of `total`."""
    total: int
    controls: tuple[str, ...]
    severity: Severity
    failing_since: int | None
    """The earliest known moment; None: unknown of every finding."""
    looked_at: int
    """When a product last said so (`UpdatedAt`)."""
    excepted: str
    """The Id of a finding that the rule excepts; empty: none."""
    suppressed: str
    """The Id of a finding that is suppressed; empty: none."""
    policies: tuple[str, ...]
    """Those that protect it."""
    off: bool
    """A finding is of a control that is turned off where it was found."""
    tags: frozenset[tuple[str, str]]
    """Of the resource, as findings have them: a hint."""
    refusal: Outcome | None
    """Why the action cannot work on it at all."""
    turned_at: int | None = None
    """Since when none of its findings has failed without having been right in between; None: not known."""


class FindingFacts(NamedTuple):
    """What is known of one finding."""

    controls: tuple[str, ...]
    policies: tuple[str, ...]
    failing_since: int | None
    off: bool
    turned_at: int | None


class Collected:
    """What findings say of one resource to one rule; the same in whatever order they come."""

    __slots__ = (
        "controls",
        "excepted",
        "failing_since",
        "looked_at",
        "names",
        "off",
        "policies",
        "refusal",
        "severity",
        "suppressed",
        "tags",
        "total",
        "turned_at",
    )  # fmt: skip

    def __init__(self) -> None:
        self.refusal: Outcome | None = None
        self.names: set[FindingName] = set()
        self.total = 0
        self.controls: set[str] = set()
        self.severity = Severity.INFORMATIONAL
        self.failing_since: int | None = None
        self.turned_at: int | None = None
        self.looked_at = 0
        self.excepted = self.suppressed = ""
        self.policies: set[str] = set()
        self.off = False
        self.tags: set[tuple[str, str]] = set()

    def add(
        self, finding: Finding, said: FindingFacts, tags: Iterable[tuple[str, str]], *, excepted: bool
    ) -> None:
        """Take in a finding that the rule selects."""
        self.names.add(
            FindingName(finding.product_arn, finding.id, said.controls[0] if said.controls else "")
        )
        if len(self.names) > 2 * MAX_FINDINGS:
            self.names = set(sorted(self.names)[:MAX_FINDINGS])
        turned = said.turned_at
        if self.total == 0:
            self.turned_at = turned
        elif turned is None or self.turned_at is None:
            self.turned_at = None
        else:
            self.turned_at = min(self.turned_at, turned)
        self.total += 1
        self.controls.update(said.controls)
        self.severity = max(self.severity, finding.severity)
        self.looked_at = max(self.looked_at, finding.updated_at)
        since = said.failing_since
        if since is not None:
            self.failing_since = since if self.failing_since is None else min(self.failing_since, since)
        self.tags.update(tags)
        if excepted:
            self.excepted = _first(self.excepted, finding.id)
        self.protect(finding, said)

    def refuse(self, refusal: Outcome | None) -> None:
        """Take in why the action cannot work on it: one finding that says so is enough."""
        if refusal is not None:
            self.refusal = refusal if self.refusal is None else min(self.refusal, refusal)

    def protect(self, finding: Finding, said: FindingFacts) -> None:
        """Take in what protects a finding."""
        self.policies.update(said.policies)
        self.off = self.off or said.off
        if finding.workflow is Workflow.SUPPRESSED:
            self.suppressed = _first(self.suppressed, finding.id)

    def candidate(self, key: ResourceKey) -> Candidate:
        """Return the candidate."""
        return Candidate(
            key,
            tuple(sorted(self.names)[:MAX_FINDINGS]),
            self.total,
            tuple(sorted(self.controls)),
            self.severity,
            self.failing_since,
            self.looked_at,
            self.excepted,
            self.suppressed,
            tuple(sorted(self.policies)),
            self.off,
            frozenset(self.tags),
            self.refusal,
            self.turned_at,
        )


def _first(one: str, other: str) -> str:
    return min(one, other) if one else other
