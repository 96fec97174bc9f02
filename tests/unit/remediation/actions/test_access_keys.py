"""Which access keys are deactivated: by age, by last use, and who they sign for."""

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.time import parse_timestamp
from posture.remediation.actions.contract import LiveState, Protected, Refused, Situation
from posture.remediation.actions.registry import builtin_actions

OLD = builtin_actions()["iam-deactivate-old-access-keys"]
UNUSED = builtin_actions()["iam-deactivate-unused-credentials"]
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
    state = LiveState({"AKIA1": {"Status": status}}, about)
    situation = Situation(parse_timestamp(NOW), frozenset({"IAM.3"}))
    verdict = OLD.judge(state, OLD.configure(parameters), situation)
    assert [each.after for each in verdict.wrong] == [{"Status": "Inactive"}] * (outcome == "wrong")
    assert [each.reason for each in verdict.spared] == [Reason.IN_USE] * (outcome == "spared")


def unused(
    created: str,
    last_used: str | None,
    controls: set[str],
    *,
    status: str = "Active",
    password: str | None = None,
    written: tuple[str, ...] = (),
    own: bool = False,
) -> list[str]:
    """What becomes of a key, and of the password, in words."""
    about = {
        "user": "u",
        "keys": {"AKIA1": {"created": created, "lastUsed": last_used}},
        "password": password,
    }
    state = LiveState({"AKIA1": {"Status": status}}, about)
    situation = Situation(
        parse_timestamp(NOW),
        frozenset(controls),
        {"maxCredentialUsageAge": written} if written else {},
        Protected(access_keys=frozenset({"AKIA1"} if own else set())),
    )
    verdict = UNUSED.judge(state, UNUSED.configure({}), situation)
    return [f"wrong {each.name}" for each in verdict.wrong] + [
        f"spared {each.name} {each.reason}" for each in verdict.spared
    ]


@pytest.mark.parametrize(
    ("created", "last_used", "controls", "outcome"),
    [
        ("2020-01-01T00:00:00Z", "2026-10-14T23:59:59Z", {"IAM.22"}, True),
        ("2020-01-01T00:00:00Z", "2026-10-15T00:00:00Z", {"IAM.22"}, False),
        ("2020-01-01T00:00:00Z", "2026-10-14T23:59:59Z", {"IAM.8"}, False),
        ("2020-01-01T00:00:00Z", "2026-08-30T23:59:59Z", {"IAM.8"}, True),
        ("2020-01-01T00:00:00Z", "2026-10-14T23:59:59Z", {"IAM.8", "IAM.22"}, True),
        ("2026-10-14T23:59:59Z", None, {"IAM.22"}, True),
        ("2026-10-15T00:00:00Z", None, {"IAM.22"}, False),
    ],
)
def test_by_last_use_or_else_by_age(
    created: str, last_used: str | None, controls: set[str], outcome: bool
) -> None:
    assert unused(created, last_used, controls) == ["wrong AKIA1"] * outcome
    assert unused(created, last_used, controls, own=True) == ["spared AKIA1 InUse"] * outcome
    for status in ("Inactive", "Expired"):
        assert unused(created, last_used, controls, status=status) == []


def test_the_parameter_in_force_counts() -> None:
    used = "2026-11-09T00:00:00Z"
    assert unused("2020-01-01T00:00:00Z", used, {"IAM.22"}) == []
    assert unused("2020-01-01T00:00:00Z", used, {"IAM.22"}, written=("19",)) == ["wrong AKIA1"]
    assert unused("2020-01-01T00:00:00Z", used, {"IAM.22"}, written=("20",)) == []


@pytest.mark.parametrize(
    ("controls", "written", "reason"),
    [
        ({"IAM.3"}, (), Reason.NOT_SUPPORTED),
        ({"IAM.22"}, ("many",), Reason.UNREADABLE),
        ({"IAM.22"}, ("0",), Reason.UNREADABLE),
    ],
)
def test_what_nobody_says_is_not_guessed(
    controls: set[str], written: tuple[str, ...], reason: Reason
) -> None:
    with pytest.raises(Refused) as refused:
        unused("2020-01-01T00:00:00Z", None, controls, written=written)
    assert refused.value.reason is reason


def test_a_password_is_told_and_stays() -> None:
    told = "spared password NotSupported"
    for since, outcome in (
        ("2026-10-14T23:59:59Z", ["wrong AKIA1", told]),
        ("2026-10-15T00:00:00Z", ["wrong AKIA1"]),
        (None, ["wrong AKIA1"]),
    ):
        assert unused("2020-01-01T00:00:00Z", None, {"IAM.22"}, password=since) == outcome


def test_users_that_the_configuration_names_are_not_touched() -> None:
    state = LiveState({}, {"user": "Break-Glass-1", "keys": {}, "password": None})
    situation = Situation(0, frozenset({"IAM.22"}), protected=Protected(iam_users=("break-glass-*",)))
    with pytest.raises(Refused) as refused:
        UNUSED.judge(state, {}, situation)
    assert refused.value.reason is Reason.EXCEPTED
