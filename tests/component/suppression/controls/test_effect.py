"""The effect of turning controls off, and what is remembered of them in a status."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.api.targets.kind import ScoringMethod
from posture.domain.exceptions.declaration import Scope
from posture.domain.findings import Check, CheckSource, Compliance, Finding
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.scoring.scores import Score
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard
from posture.reconcile.scope import TargetScope
from posture.sources.findings_view import FindingsView
from posture.store.records import Read
from posture.suppression.controls.confirmed import disabled_controls, recorded
from posture.suppression.effect import Effect, control_effects
from tests.support.rows import FSBP, finding, opened

NOW, WINDOW = 1_000_000_000, timedelta(seconds=500)
ONE, TWO, SILENT = "111122223333", "444455556666", "777788889999"
VIEW = View((FSBP,), Controls({}), AccountFilter(), Grouping(), (ONE, "eu-west-1"))
SIGHT = TargetScope(
    VIEW, ScoringMethod.SECURITY_HUB, WINDOW, Scope(VIEW.covers, VIEW.controls, {}), whole=True
)
FAILED, PASSED = Compliance.FAILED, Compliance.PASSED


def about(control: str, compliance: Compliance, account: str = ONE, *, fresh: bool = True) -> Finding:
    return finding(
        f"{control}-{account}",
        check=Check(
            "Security Hub",
            source=CheckSource.SECURITY_HUB,
            control=control,
            numbered=False,
            standards=(FSBP,),
        ),
        account_id=account,
        compliance=compliance,
        updated_at=NOW - 1 if fresh else 1,
    )


def place(control: str, account: str = ONE) -> TurnedOff:
    return TurnedOff(FSBP, control, account, "eu-west-1")


def effect_of(
    path: Path,
    found: Iterable[Finding],
    sight: TargetScope = SIGHT,
    **records: dict[TurnedOff, ControlStatus],
) -> dict[str, Effect]:
    with opened(path / "hub.sqlite") as store:
        findings = FindingsView(store)
        store.write([Read(list(found), NOW)])
        findings.publish(NOW, [WINDOW // timedelta(microseconds=1)], {})
        return control_effects(findings, dict.fromkeys(records, sight), records)


def test_a_control_whose_findings_live_on(tmp_path: Path) -> None:
    found = [about("S3.1", FAILED), about("S3.2", PASSED)]
    assert effect_of(tmp_path, found, a={place("S3.1"): ControlStatus.FAILED}) == {
        "a": Effect(Score(1, 1), Score(1, 2))
    }


@pytest.mark.parametrize("there", [[], [about("S3.1", FAILED, fresh=False)]])
def test_a_control_whose_findings_are_gone_or_stale(tmp_path: Path, there: list[Finding]) -> None:
    found = [*there, about("S3.2", PASSED)]
    records = {place("S3.1"): ControlStatus.FAILED, place("S3.3"): ControlStatus.NO_DATA}
    assert effect_of(tmp_path, found, a=records) == {"a": Effect(Score(1, 1), Score(1, 2))}


@pytest.mark.parametrize("left", [[], [about("S3.1", FAILED)]])
def test_a_control_that_the_hub_itself_shows_as_off(tmp_path: Path, left: list[Finding]) -> None:
    associations = {name: ControlAssociation(name, enabled=name == "S3.2") for name in ("S3.1", "S3.2")}
    known = Controls({FSBP: Standard(FSBP, "arn", associations)})
    sight = SIGHT._replace(view=VIEW._replace(controls=known))
    found = [*left, about("S3.2", PASSED)]
    assert effect_of(tmp_path, found, sight, a={place("S3.1"): ControlStatus.FAILED}, b={}) == {
        "a": Effect(Score(1, 1), Score(1, 2)),
        "b": Effect(Score(1, 1), Score(1, 1)),
    }


def test_each_of_two_policies_is_compared_with_the_other_in_force(tmp_path: Path) -> None:
    found = [about("S3.1", FAILED), about("S3.2", PASSED), about("S3.3", FAILED, TWO)]
    shown = effect_of(
        tmp_path,
        found,
        a={place("S3.1"): ControlStatus.FAILED},
        b={place("S3.3", TWO): ControlStatus.FAILED},
        c={},
    )
    assert shown == {
        "a": Effect(Score(1, 1), Score(1, 2)),
        "b": Effect(Score(1, 1), Score(1, 2)),
        "c": Effect(Score(1, 1), Score(1, 1)),
    }


def test_a_silent_account_has_no_score_with_or_without(tmp_path: Path) -> None:
    records = {place("S3.1", SILENT): ControlStatus.FAILED}
    assert effect_of(tmp_path, [about("S3.2", PASSED)], a=records) == {"a": Effect(Score(1, 1), Score(1, 1))}


def test_a_status_remembers_what_is_off() -> None:
    record = {
        place("S3.1"): ControlStatus.FAILED,
        place("S3.1", TWO): ControlStatus.FAILED,
        place("S3.2"): ControlStatus.NO_DATA,
        place("S3.3"): ControlStatus.UNKNOWN,
        place("S3.4"): ControlStatus.PASSED,
    }
    status = SuppressionPolicyStatus(disabled_controls=disabled_controls(record)).to_api()
    assert status["disabledControls"][0] == {
        "standard": FSBP,
        "control": "S3.1",
        "region": "eu-west-1",
        "status": "Failed",
        "accounts": [ONE, TWO],
    }
    assert recorded(SuppressionPolicyStatus.model_validate(status)) == record
