"""Since when a finding fails, told copy by copy. Times are integer microseconds since the Unix epoch.

A finding that was failing when it was first read fails since `FirstObservedAt`, else since `CreatedAt`; one
that was seen to turn FAILED since the `UpdatedAt` of the copy in which it had. A later copy that still fails
changes nothing, nor does what customers write. From WARNING or NOT_AVAILABLE to FAILED is a turn: Security
Hub could not tell before (user guide, "Compliance.Status"). A finding without Compliance fails as long as it
is there.
"""

from typing import NamedTuple

from posture.domain.findings import Compliance, FailingSince, Finding

FAILING = frozenset({Compliance.FAILED, Compliance.NONE})


class Standing(NamedTuple):
    """What is known of a finding before a copy. `failing`: None where it does not, or not known."""

    compliance: Compliance
    failing: FailingSince | None


def after_copy(before: Standing | None, copy: Finding) -> FailingSince | None:
    """Return since when a finding fails after a copy that counts (`consistency.supersedes`).

    `before`: None where the finding is not known. None: the copy does not fail.
    """
    if copy.compliance not in FAILING:
        return None
    updated = copy.updated_at
    if before is not None:
        if before.compliance not in FAILING:
            return FailingSince(updated, updated)
        if before.failing is not None:
            return before.failing
    observed = copy.created_at if copy.first_observed_at is None else copy.first_observed_at
    return FailingSince(min(observed, updated), updated)
