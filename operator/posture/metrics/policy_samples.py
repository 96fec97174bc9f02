"""The samples of policies: what they suppressed, what was undone, and when they end."""

from collections.abc import Iterable
from typing import NamedTuple

from posture.metrics import families
from posture.metrics.exposition import Value
from posture.metrics.families import Family
from posture.metrics.target_samples import MICROSECONDS, condition_samples


class PolicySample(NamedTuple):
    """One policy. Counts are None while they are not known; times are µs; `conditions`: type → status."""

    namespace: str
    policy: str
    target: str
    suppressed: int | None
    drift: int | None
    expires_at: int | None
    review_due_at: int | None
    conditions: dict[str, str]


def policy_samples(kind: str, policies: Iterable[PolicySample]) -> dict[Family, list[Value]]:
    """Return the samples of some policies; what does not exist or is not known has none."""
    samples: dict[Family, list[Value]] = {}
    for each in policies:
        labels = (each.namespace, each.policy, each.target)
        for family, value in (
            (families.SUPPRESSED_FINDINGS, each.suppressed),
            (families.SUPPRESSION_DRIFT, each.drift),
            (families.SUPPRESSION_EXPIRY, _seconds(each.expires_at)),
            (families.SUPPRESSION_REVIEW_DUE, _seconds(each.review_due_at)),
        ):
            if value is not None:
                samples.setdefault(family, []).append((labels, value))
        for family, values in condition_samples(kind, each.namespace, each.policy, each.conditions).items():
            samples.setdefault(family, []).extend(values)
    return samples


def _seconds(instant: int | None) -> float | None:
    return None if instant is None else instant / MICROSECONDS
