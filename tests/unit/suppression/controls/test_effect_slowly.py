"""The effect of turning controls off is what evaluating everything twice gives, and costs less."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from posture.api.targets.kind import ScoringMethod
from posture.domain.exceptions.control_status import Record
from posture.domain.exceptions.declaration import Scope
from posture.domain.findings import Cell, Check, CheckSource, Compliance, Count, Finding, Severity, Workflow
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import TurnedOff, View, evaluate
from posture.domain.scoring.scores import Method, Score
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard
from posture.reconcile.scope import TargetScope
from posture.sources.cell_cache import CellCache
from posture.sources.findings_view import FindingsView
from posture.store.records import Read
from posture.store.sqlite.store import Store
from posture.suppression.effect import Effect, control_effects
from tests.support.examples import examples
from tests.support.rows import FSBP, OWNER, emptied, finding

NOW, WINDOW = 1_000_000_000, timedelta(seconds=500)
CIS, HOME = "cis-aws-foundations-benchmark/v/3.0.0", ("111122223333", "eu-west-1")
ACCOUNTS, REGIONS = (HOME[0], "444455556666", "777788889999"), (HOME[1], "us-east-1")
CONTROLS = ("S3.1", "S3.2", "EC2.1", "IAM.9")
_SAID = {
    ControlStatus.PASSED: Compliance.PASSED,
    ControlStatus.FAILED: Compliance.FAILED,
    ControlStatus.UNKNOWN: Compliance.WARNING,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store.open(Path(tmp_path_factory.mktemp("effect")) / "hub.sqlite", owner=OWNER).store
    yield opened
    opened.close()


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    consolidated = about(draw(st.sampled_from(CONTROLS)), *draw(st.sampled_from([(FSBP,), (FSBP, CIS)])))
    classic = Check(
        "Security Hub", source=CheckSource.SECURITY_HUB, control="2.1", numbered=True, standards=(CIS,)
    )
    return finding(
        draw(st.integers(0, 30)),
        check=draw(st.sampled_from([consolidated, consolidated, classic])),
        account_id=draw(st.sampled_from(ACCOUNTS[:2])),
        region=draw(st.sampled_from(REGIONS)),
        compliance=draw(st.sampled_from(list(Compliance))),
        workflow=draw(st.sampled_from(list(Workflow))),
        updated_at=draw(st.sampled_from([NOW - 501_000_000, NOW - 1, NOW - 1])),
    )


@st.composite
def views(draw: st.DrawFn) -> View:
    standards = {}
    for name in (FSBP, CIS):
        listed = {
            each: ControlAssociation(each, enabled=draw(st.booleans()), numbers=("2.1",) * (each == "S3.1"))
            for each in CONTROLS[:3]
        }
        standards[name] = Standard(name, f"arn:{name}", listed)
    return View(
        draw(st.sampled_from([(FSBP,), (FSBP, CIS)])),
        Controls(standards),
        AccountFilter(exclude=draw(st.sampled_from([(), ACCOUNTS[1:2]]))),
        Grouping(),
        HOME,
        members=frozenset(draw(st.sets(st.sampled_from(ACCOUNTS)))),
    )


PLACES = st.builds(
    TurnedOff,
    st.sampled_from([FSBP, CIS]),
    st.sampled_from(CONTROLS),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(REGIONS),
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Record]:
    """What each of three policies turned off, no place of it twice."""
    off = draw(st.dictionaries(PLACES, st.sampled_from(list(ControlStatus)), max_size=12))
    whose = {place: draw(st.sampled_from("ab")) for place in off}
    return {name: {place: was for place, was in off.items() if whose[place] == name} for name in "abc"}


def slowly(findings: FindingsView, sight: TargetScope, everything: Record, own: Record) -> Effect:
    """Evaluate all cells with a policy, and all without it."""
    window, method = WINDOW // timedelta(microseconds=1), Method(sight.method.value)
    whole = findings.evaluate(sight.view._replace(turned_off=everything), window)
    cells = findings.cells(window)
    assert whole is not None
    assert cells is not None
    rest = {place: was for place, was in everything.items() if place not in own}
    then = [*cells, *_as_they_were(own, whole.evaluation.reporting)]
    without = evaluate(then, sight.view._replace(turned_off=rest, released=frozenset(own)))
    return Effect(whole.evaluation.target.headline(method), without.target.headline(method))


def _as_they_were(record: Mapping[TurnedOff, ControlStatus], accounts: Iterable[str]) -> Iterator[Cell]:
    for place, was in record.items():
        if place.account_id in accounts and was in _SAID:
            check = Check(
                "Security Hub",
                source=CheckSource.SECURITY_HUB,
                control=place.control,
                numbered=False,
                standards=place[:1],
            )
            look = Count(Severity.MEDIUM, _SAID[was], Workflow.NEW, fresh=True, n=1)
            yield Cell(check, place.account_id, place.region, (look,))


def published(store: Store, found: list[Finding]) -> FindingsView:
    findings = FindingsView(emptied(store))
    store.write([Read(found, NOW)])
    findings.publish(NOW, [WINDOW // timedelta(microseconds=1)], {})
    return findings


def about(control: str, *standards: str) -> Check:
    return Check(
        "Security Hub", source=CheckSource.SECURITY_HUB, control=control, numbered=False, standards=standards
    )


def seen(view: View, method: ScoringMethod) -> TargetScope:
    return TargetScope(view, method, WINDOW, Scope(view.covers, view.controls, {}))


@examples(200, suppress=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(findings(), max_size=14, unique_by=lambda each: each.id),
    views(),
    records(),
    st.sampled_from(list(ScoringMethod)),
)
def test_the_effect_of_each_policy_is_that_of_evaluating_everything_twice(
    store: Store, found: list[Finding], view: View, off: dict[str, Record], method: ScoringMethod
) -> None:
    findings, sight = published(store, found), seen(view, method)
    everything = {place: was for record in off.values() for place, was in record.items()}
    assert control_effects(findings, dict.fromkeys(off, sight), off) == {
        name: slowly(findings, sight, everything, own) for name, own in off.items()
    }


def test_a_policy_costs_the_cells_of_its_controls(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    there = [(about(f"S3.{n}", FSBP), account) for n in range(30) for account in ACCOUNTS]
    findings = published(
        store,
        [
            finding(n, check=check, account_id=account, updated_at=NOW)
            for n, (check, account) in enumerate(there)
        ],
    )
    read, of_check = list[Cell](), CellCache._of_check

    def counted(cache: CellCache, number: int) -> Iterator[Cell]:
        for cell in of_check(cache, number):
            read.append(cell)
            yield cell

    monkeypatch.setattr(CellCache, "_of_check", counted)
    sight = seen(View((FSBP,), Controls({}), AccountFilter(), Grouping(), HOME), ScoringMethod.SECURITY_HUB)
    off = {f"p{n}": {TurnedOff(FSBP, f"S3.{n}", *HOME): ControlStatus.FAILED} for n in range(20)}
    assert len(control_effects(findings, dict.fromkeys(off, sight), off)) == 20
    assert len(read) == (30 + 20) * len(ACCOUNTS), "all of them once, then those of the controls"


def test_what_another_policy_has_off_where_there_is_no_finding_left_stays_off(store: Store) -> None:
    here, there = ACCOUNTS[:2]
    bucket = finding(check=about("S3.2", FSBP), compliance=Compliance.PASSED, updated_at=NOW)
    passed = [bucket._replace(id=account, account_id=account) for account in (here, there)]
    listed = {each: ControlAssociation(each, enabled=True) for each in ("S3.1", "S3.2")}
    view = View(
        (FSBP,), Controls({FSBP: Standard(FSBP, "arn", listed)}), AccountFilter(), Grouping(), (here, "-")
    )
    findings, sight = published(store, passed), seen(view, ScoringMethod.EXPECTED_CONTROLS)
    off: dict[str, Record] = {
        "a": {TurnedOff(FSBP, "S3.1", here, REGIONS[0]): ControlStatus.NO_DATA},
        "b": {TurnedOff(FSBP, "S3.1", there, REGIONS[0]): ControlStatus.NO_DATA},
    }
    assert control_effects(findings, dict.fromkeys(off, sight), off) == {
        name: Effect(Score(1, 1), Score(1, 1)) for name in off
    }
