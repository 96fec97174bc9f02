"""Short words for cells and views, so that a test reads as the rule it attacks."""

from collections.abc import Mapping

from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/1.4.0"
ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
HOME = (ONE, "eu-west-1")


def look(
    compliance: str,
    workflow: str = "NEW",
    *,
    fresh: bool = True,
    severity: str = "MEDIUM",
    n: int = 1,
) -> Count:
    return Count(Severity[severity], Compliance[compliance], Workflow[workflow], fresh, n)


PASSED, FAILED, WARNING = look("PASSED", "RESOLVED"), look("FAILED"), look("WARNING")
NOT_AVAILABLE = look("NOT_AVAILABLE")
SUPPRESSED, STALE = look("FAILED", "SUPPRESSED"), look("FAILED", fresh=False)


def cell(
    control: str,
    *looks: Count,
    account: str = ONE,
    region: str = "eu-west-1",
    standards: tuple[str, ...] = (FSBP,),
    numbered: bool = False,
) -> Cell:
    check = Check(
        "Security Hub",
        source=CheckSource.SECURITY_HUB,
        control=control.upper(),
        numbered=numbered,
        standards=standards,
    )
    return Cell(check, account, region, looks)


def foreign(product: str, *looks: Count, control: str = "", account: str = ONE) -> Cell:
    standards = (FSBP,) if control else ()
    return Cell(
        Check(product, source=None, control=control, numbered=False, standards=standards),
        account,
        "eu-west-1",
        looks,
    )


def facts(
    name: str = FSBP,
    *,
    on: tuple[str, ...] = (),
    off: tuple[str, ...] = (),
    numbers: Mapping[str, tuple[str, ...]] | None = None,
    complete: bool = True,
) -> Standard:
    associations = [
        ControlAssociation(control, control in on, (numbers or {}).get(control, ()))
        for control in (*on, *off)
    ]
    return Standard(
        name, f"arn:aws:securityhub:::standards/{name}", {a.id.upper(): a for a in associations}, complete
    )


def view(
    *standards: Standard,
    chosen: tuple[str, ...] | None = None,
    accounts: AccountFilter | None = None,
    grouping: Grouping | None = None,
    products: tuple[str, ...] = ("Security Hub",),
    names: Mapping[str, str] | None = None,
    members: tuple[str, ...] = (),
    turned_off: Mapping[tuple[str, str, str, str], str] | None = None,
) -> View:
    return View(
        standards=chosen or tuple(standard.name for standard in standards) or (FSBP,),
        controls=Controls({standard.name: standard for standard in standards}),
        accounts=accounts or AccountFilter(),
        grouping=grouping or Grouping(),
        products=frozenset(products),
        names=names or {},
        members=frozenset(members),
        turned_off={TurnedOff(*place): ControlStatus(status) for place, status in (turned_off or {}).items()},
        home=HOME,
    )
