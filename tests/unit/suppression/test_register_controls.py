"""The register of exceptions: controls that are off."""

from datetime import UTC, datetime
from typing import Any

from posture.domain.exceptions.marks import turning_off
from posture.domain.scoring.accounts import AccountFilter
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.reconcile.member_roles import AccountRegion
from posture.suppression.declared import Declared
from posture.suppression.register import (
    Looked,
    Off,
    RegisteredException,
    control_entries,
    controls_from_status,
)
from tests.support.declarations import VIEW
from tests.support.policies import NOW, declared, unreadable

TARGET = "security/organization"
STANDARD = VIEW.standards[0]
ONE, TWO = "111122223333", "222233334444"
SINCE = datetime(2026, 11, 20, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "suppressFindings": None,
    "disableControls": {
        "standards": [STANDARD],
        "controls": ["S3.11"],
        "accounts": ["*"],
        "regions": ["eu-west-1"],
    },
}


def place(account: str, control: str = "S3.11", standard: str = STANDARD) -> TurnedOff:
    return TurnedOff(standard, control, account, "eu-west-1")


def policy(*accounts: str, target: str = "organization") -> Declared:
    """Return a policy whose status says that it turned a control off in these accounts."""
    made = declared(**SPEC, targetRef={"name": target})
    entry = {"standard": STANDARD, "control": "S3.11", "region": "eu-west-1", "status": "Failed"}
    made.document["status"] = {"disabledControls": [{**entry, "accounts": list(accounts)}]}
    return made


def off(account: str, by: Declared | None = None, *, reason: str = "by hand", **where: str) -> Off:
    if by is not None:
        assert by.terms is not None
        reason = turning_off(by.terms, "me", ControlStatus.FAILED)
    return Off(place(account, **where), reason, SINCE)


def register(
    policies: dict[str, Declared], *found: Off, read: tuple[str, ...] = (ONE, TWO)
) -> list[RegisteredException]:
    looked = Looked(found, {AccountRegion(account, "eu-west-1") for account in read})
    return control_entries(TARGET, looked, policies, NOW, VIEW)


def test_what_security_hub_says_is_off_is_told_with_its_policy() -> None:
    mine = policy(ONE, TWO)
    (entry,) = register({"security/logs": mine}, off(ONE, mine))
    assert (entry.account, entry.control, entry.standard, entry.number) == (ONE, "S3.11", STANDARD, 1)
    assert (entry.what, entry.state, entry.evidence) == ("disableControls", "Active", "SecurityHub")
    assert entry.why == "Retention is handled by lifecycle policies"
    assert (entry.approved_by, entry.until) == ("security@example.com", "2027-03-31T00:00:00Z")


def test_where_nothing_could_be_read_the_status_is_no_evidence_but_told() -> None:
    mine = policy(ONE, TWO)
    one, two = register({"security/logs": mine}, off(ONE, mine), read=(ONE,))
    assert [(one.account, one.evidence), (two.account, two.evidence)] == [
        (ONE, "SecurityHub"),
        (TWO, "Status"),
    ]
    told = controls_from_status(TARGET, {"security/logs": mine}, NOW)
    assert [(each.account, each.evidence) for each in told] == [(ONE, "Status"), (TWO, "Status")]


def test_a_policy_that_turned_nothing_off_is_there_once() -> None:
    for policies in ({"security/logs": policy()}, {"security/logs": policy(ONE)}):
        (entry,) = register(policies)
        assert (entry.policy, entry.number, entry.account) == ("security/logs", 0, "")


def test_security_hub_is_no_evidence_where_it_could_not_be_read() -> None:
    (entry,) = controls_from_status(TARGET, {"security/logs": policy()}, NOW)
    assert (entry.number, entry.evidence) == (0, "Status")


def test_what_is_off_without_a_policy_is_told_with_its_reason() -> None:
    mine = policy()
    by_hand, orphan = register({}, off(ONE), off(TWO, mine))
    assert (by_hand.state, by_hand.policy, by_hand.why) == ("NoPolicy", "", "by hand")
    assert by_hand.since == "2026-11-20T00:00:00Z"
    assert (orphan.state, orphan.policy) == ("PolicyMissing", "security/logs")
    assert register({}, off(ONE, standard="pci-dss/v/3.2.1")) == []
    few = VIEW._replace(accounts=AccountFilter(granted=("*",), include=(TWO,), exclude=()))
    assert control_entries(TARGET, Looked([off(ONE)], ()), {}, NOW, few) == []


def test_what_another_targets_policy_turned_off_is_in_its_register_alone() -> None:
    other = policy(ONE, target="other")
    assert register({"security/logs": other}, off(ONE, other), read=()) == []


def test_what_a_policy_that_cannot_be_read_turned_off_is_not_left_out() -> None:
    odd = unreadable(**SPEC)
    (entry,) = register({"security/logs": odd}, off(ONE, policy(ONE)))
    assert (entry.state, entry.policy, entry.account) == ("PolicyNotRead", "security/logs", ONE)
    odd.document["status"] = policy(ONE, TWO).document["status"]
    told = controls_from_status(TARGET, {"security/logs": odd}, NOW)
    assert [(each.state, each.account) for each in told] == [("PolicyNotRead", ONE), ("PolicyNotRead", TWO)]
