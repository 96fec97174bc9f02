"""What is decided of a write just before it, of what is known by then."""

from datetime import datetime

import pytest

from posture.config.model import Config
from posture.domain.findings import Severity
from posture.domain.remediation.candidates import Candidate, FindingName
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import resource_key
from posture.domain.remediation.rule import Seen
from posture.domain.time import instant_of
from posture.kube.resources import name_of
from posture.reconcile.access import admit
from posture.remediation.declared import declare_rule
from posture.remediation.engine.asking import Ask, why_not_planned
from posture.remediation.survey import Surveyed
from tests.support.hub_on_paper import GRANT, target
from tests.support.rules_on_paper import GRANTED, REMEDIATE, rule

USER = resource_key(GRANTED, "us-east-1", "AwsIamUser", f"arn:aws:iam::{GRANTED}:user/deploy")
CANDIDATE = Candidate(
    USER, (FindingName("arn", "f", "IAM.3"),), 1, ("IAM.3",), Severity.MEDIUM, 5, 5, "", "", (),
    off=False, tags=frozenset(), refusal=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("08:59:59", Reason.OUTSIDE_WINDOW),
        ("09:00:00", None),
        ("09:59:29", None),
        ("09:59:31", Reason.OUTSIDE_WINDOW),
        ("10:00:00", Reason.OUTSIDE_WINDOW),
    ],
)
def test_a_write_that_would_outlast_the_window_is_not_begun(now: str, expected: Reason | None) -> None:
    config = Config.model_validate({"ownerId": "us", "grants": [GRANT, REMEDIATE]})
    its = target()
    admissions = {name_of(its): (its, admit(its, config))}
    declared = declare_rule(
        rule(mode="Enforce", window={"schedule": "0 9 * * *", "duration": "1h"}), admissions, config
    )
    assert declared.terms is not None
    surveyed = Surveyed(declared.terms, [CANDIDATE], {USER: 5}, 100, policies_read=True)
    moment = instant_of(datetime.fromisoformat(f"2026-11-27T{now}Z"))
    ask = Ask(declared.name, CANDIDATE, "remediation-1", moment)
    outcome = why_not_planned(ask, surveyed, CANDIDATE, [], moment, {USER: Seen(None, ("one",))})
    assert (None if outcome is None else outcome.reason) is expected
