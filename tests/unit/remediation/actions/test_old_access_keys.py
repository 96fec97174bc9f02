"""Which access keys are deactivated: by age, by last use, and who they sign for."""

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.time import parse_timestamp
from posture.remediation.actions.contract import Situation, State
from posture.remediation.actions.iam.deactivate_old_access_keys import ACTION

NOW = "2026-11-29T00:00:00Z"


@pytest.mark.parametrize(
    ("status", "created", "last_used", "parameters", "outcome"),
    [
        ("Active", "2026-08-30T00:00:00Z", None, {}, "wrong"),
        ("Active", "2026-08-31T00:00:00Z", None, {}, "right"),
        ("Active", "2026-08-31T00:00:00Z", None, {"maxAge": "2159h"}, "wrong"),
        ("Active", "2020-01-01T00:00:00Z", "2026-11-28T23:00:00Z", {}, "wrong"),
        ("Active", "2020-01-01T00:00:00Z", "2026-11-28T00:00:00Z", {"unusedFor": "24h"}, "spared"),
        ("Active", "2020-01-01T00:00:00Z", "2026-11-27T23:59:59Z", {"unusedFor": "24h"}, "wrong"),
        ("Active", "2020-01-01T00:00:00Z", None, {"unusedFor": "24h"}, "wrong"),
        ("Inactive", "2020-01-01T00:00:00Z", None, {}, "right"),
        ("Expired", "2020-01-01T00:00:00Z", None, {}, "right"),
    ],
)
def test_by_age_and_last_use(
    status: str, created: str, last_used: str | None, parameters: dict[str, object], outcome: str
) -> None:
    about = {"user": "u", "keys": {"AKIA1": {"created": created, "lastUsed": last_used}}}
    state = State({"AKIA1": {"Status": status}}, about)
    situation = Situation(parse_timestamp(NOW), frozenset({"IAM.3"}))
    verdict = ACTION.judge(state, ACTION.configure(parameters), situation)
    assert [each.after for each in verdict.wrong] == [{"Status": "Inactive"}] * (outcome == "wrong")
    assert [each.reason for each in verdict.spared] == [Reason.IN_USE] * (outcome == "spared")
