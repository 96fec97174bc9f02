"""Evaluations, and the status that one makes."""

from hypothesis import strategies as st

from posture.api.targets.kind import ScoringMethod
from posture.api.targets.status import PostureTargetStatus
from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import Evaluation, View, evaluate
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.targets.status import (
    evaluation_fields,
)

STANDARD = "s/v/1"


EXACT_AT = 1_800_000_000_000_000


def evaluation(
    outcomes: list[list[Compliance]], accounts: int = 2, grouping: Grouping | None = None
) -> Evaluation:
    controls = {f"C.{n}": ControlAssociation(f"C.{n}", enabled=True) for n in range(len(outcomes))}
    cells = [
        Cell(
            Check(
                "Security Hub",
                source=CheckSource.SECURITY_HUB,
                control=f"C.{n}",
                numbered=False,
                standards=(STANDARD,),
            ),
            f"{n % accounts:012d}",
            "eu-west-1",
            tuple(Count(Severity.HIGH, each, Workflow.NEW, fresh=True, n=1) for each in set(found)),
        )
        for n, found in enumerate(outcomes)
        if found
    ]
    standard = Standard(STANDARD, "arn", controls)
    view = View(
        (STANDARD,),
        Controls({STANDARD: standard}),
        AccountFilter(),
        grouping or Grouping(),
        ("000000000000", "eu-west-1"),
    )
    return evaluate(cells, view)


def status_of(found: Evaluation, method: ScoringMethod, *, pooled: bool = True) -> PostureTargetStatus:
    fields = evaluation_fields(found, method, exact_at=EXACT_AT, pooled=pooled)
    return PostureTargetStatus(observed_generation=3, **fields)


OUTCOMES = st.lists(st.lists(st.sampled_from(list(Compliance)[:4]), max_size=3), max_size=12)
