"""Targets that publish, with scores made of findings by the product's own rules."""

from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import Evaluation, View, evaluate
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.domain.time import HOUR
from posture.publish.reports import Shown, TargetReport
from posture.publish.sink import PublishingTarget

STANDARD = "fsbp/v/1"
_CONTROLS = tuple(f"S3.{number}" for number in range(1, 8))
_KNOWN = Standard(STANDARD, "arn", {each: ControlAssociation(each, enabled=True) for each in _CONTROLS})


def evaluation(*accounts: int, standard: str = STANDARD) -> Evaluation:
    """An account for each number: how many of seven controls fail in it, each by two findings."""
    cells, names = list[Cell](), dict[str, str]()
    for place, failing in enumerate(accounts):
        account_id = f"{place:012}"
        names[account_id] = f"app{place}-test"
        for number, control in enumerate(_CONTROLS):
            compliance = Compliance.FAILED if number < failing else Compliance.PASSED
            check = Check(
                "Security Hub",
                source=CheckSource.SECURITY_HUB,
                control=control,
                numbered=False,
                standards=(standard,),
            )
            count = Count(Severity.HIGH, compliance, Workflow.NEW, fresh=True, n=2)
            cells.append(Cell(check, account_id, "eu-west-1", (count,)))
    view = View(
        standards=(standard,),
        controls=Controls({standard: _KNOWN._replace(name=standard)}),
        accounts=AccountFilter(granted=("*",), include=("*",), exclude=()),
        grouping=Grouping(None, default_environment="test", overrides={}),
        home=("999999999999", "eu-west-1"),
        names=names,
    )
    return evaluate(cells, view)


def report(
    found: Evaluation, name: str = "organization", *, now: int, namespace: str = "security", age: int = 0
) -> TargetReport:
    """A target whose score is current for an hour more."""
    shown = Shown((), "scope", found, now - age)
    until = now + HOUR - age
    return TargetReport(namespace, name, {}, None, shown, per_control=False, told_at=now, current_until=until)


def publication(uid: str, name: str = "organization", namespace: str = "security") -> PublishingTarget:
    """A target that publishes to `posture-metrics`, and whose status tells nothing yet."""
    return PublishingTarget(uid, namespace, name, ("posture-metrics",), 0, 0)
