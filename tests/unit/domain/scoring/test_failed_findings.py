"""Failed findings by standard: one can count for several of them, where its control is on."""

from collections.abc import Mapping

from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import AccountScope, TurnedOff, View, evaluate
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard

HOME, MEMBER, REGION = "111122223333", "444455556666", "eu-west-1"


def failed(
    account_id: str,
    *counts: Count,
    enabled: Mapping[str, bool],
    turned_off: Mapping[TurnedOff, ControlStatus] | None = None,
) -> Mapping[AccountScope, int]:
    """Findings of one control that is in each of these standards: there on, or off at home."""
    check = Check(
        "Security Hub",
        source=CheckSource.SECURITY_HUB,
        control="S3.1",
        numbered=False,
        standards=tuple(sorted(enabled)),
    )
    standards = {
        name: Standard(name, "arn", {"S3.1": ControlAssociation("S3.1", enabled=on)})
        for name, on in enabled.items()
    }
    view = View(
        standards=tuple(enabled),
        controls=Controls(standards),
        accounts=AccountFilter(granted=("*",), include=("*",), exclude=()),
        grouping=Grouping(),
        home=(HOME, REGION),
        turned_off=turned_off or {},
    )
    return evaluate([Cell(check, account_id, REGION, counts)], view).failed_findings


def count(n: int, compliance: Compliance = Compliance.FAILED, **changes: object) -> Count:
    return Count(Severity.HIGH, compliance, Workflow.NEW, fresh=True, n=n)._replace(**changes)  # type: ignore[arg-type] # of a count


def test_it_counts_for_each_standard() -> None:
    assert failed(MEMBER, count(3), enabled={"a": True, "b": True}) == {("a", MEMBER): 3, ("b", MEMBER): 3}


def test_it_does_not_count_where_its_control_is_off() -> None:
    assert failed(HOME, count(3), enabled={"a": True, "b": False}) == {("a", HOME): 3}
    assert failed(MEMBER, count(3), enabled={"a": True, "b": False}) == {("a", MEMBER): 3, ("b", MEMBER): 3}
    off = {TurnedOff("a", "S3.1", MEMBER, REGION): ControlStatus.FAILED}
    assert failed(MEMBER, count(3), enabled={"a": True, "b": True}, turned_off=off) == {("b", MEMBER): 3}
    assert failed(HOME, count(3), enabled={"a": False, "b": False}) == {}


def test_only_what_is_in_state_failed_counts() -> None:
    others = (
        count(1, Compliance.PASSED),
        count(1, Compliance.WARNING),
        count(1, workflow=Workflow.SUPPRESSED),
        count(1, fresh=False),
    )
    assert failed(MEMBER, *others, enabled={"a": True}) == {}
    assert failed(MEMBER, *others, count(2), enabled={"a": True}) == {("a", MEMBER): 2}
