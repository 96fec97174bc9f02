"""Rules, candidates and what is known of them, for plans."""

from typing import Any

from posture.domain.findings import Severity
from posture.domain.grants import Mode
from posture.domain.remediation.candidates import Candidate, FindingName
from posture.domain.remediation.journal import Entry, Journal
from posture.domain.remediation.plan import plan
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.rule import (
    ActionSaid,
    Circumstances,
    Rule,
)
from posture.domain.time import DAY
from tests.support.oracle.remediation_scenes import BUCKETS, NOW, WIDE

NAME, ACCOUNT = "team/rule", "111122223333"
ACTION = ActionSaid("builtin", "s3-block", parameters=(("a", ("1",)),))


def rule(**changes: Any) -> Rule:
    terms = {"name": NAME, "uid": "u", "action": ACTION, "role_name": "r", "limits": WIDE, "delay": DAY}
    return Rule(**{**terms, "mode": Mode.ENFORCE, **changes})


def candidate(n: int = 0, **changes: Any) -> Candidate:
    resource = changes.pop("resource", BUCKETS[n])
    whole = Candidate(
        resource, (FindingName("arn", f"f{n}", "S3.8"),), 1, ("S3.8",), Severity.MEDIUM, 5, NOW, "", "", (),
        off=False, tags=frozenset(), refusal=None,
    )  # fmt: skip
    return whole._replace(**changes)


def known(*journal: Entry, **changes: Any) -> Circumstances:
    terms: dict[str, Any] = {
        "now": NOW,
        "policies_read": True,
        "why_not": lambda _: None,
        "in_scope_since": lambda _: 5,
        "journal": Journal(journal),
        "checked": 100,
    }
    return Circumstances(**{**terms, **changes})


def reason(one: Candidate, circumstances: Circumstances | None = None, **changes: Any) -> Reason:
    (only,) = plan(rule(**changes), [one], circumstances or known()).entries
    assert only.outcome.message
    return only.outcome.reason
