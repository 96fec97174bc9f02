"""Findings grouped by what decides a score: the same check, in the same account and Region."""

from typing import NamedTuple

from posture.domain.findings import Check, Compliance, Severity, Workflow


class Count(NamedTuple):
    """How many ACTIVE findings of a cell look alike.

    `fresh`: updated within the evaluation window before the moment that the caller reckons with.
    """

    severity: Severity
    compliance: Compliance
    workflow: Workflow
    fresh: bool
    n: int


class Cell(NamedTuple):
    """All ACTIVE findings of one check in one account and Region; archived ones are in no cell."""

    check: Check
    account_id: str
    region: str
    counts: tuple[Count, ...]
