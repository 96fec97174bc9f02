"""Entries of a journal for tests of remediation: what matters to a test is given."""

from dataclasses import replace
from typing import Any

from posture.domain.remediation.journal import Entry, State
from posture.domain.remediation.limits import Limits
from posture.domain.remediation.resources import ResourceKey
from posture.domain.time import DAY

NOW = 100 * DAY
BUCKETS = [
    ResourceKey("111122223333", "aws", "eu-west-1", "AwsS3Bucket", f"arn:aws:s3:::b{n}") for n in range(40)
]
WIDE = Limits(per_cycle=1000, per_day=1000, percent=100, concurrent=100, per_resource=1000, within=30 * DAY)


def entry(state: State | None = State.SUCCEEDED, **changes: Any) -> Entry:
    """One that wrote once, a moment ago."""
    done = Entry("rem-1", "team/rule", BUCKETS[0], state, 1, "0" * 16, NOW - 2, NOW - 1, attempts=1, writes=1)
    return replace(done, **changes)
