from dataclasses import replace
from itertools import chain

from posture.domain.exceptions.declaration import Declaration, TargetKnown, differences
from posture.domain.exceptions.survey import Surveys, SurveyTally, survey
from posture.domain.findings import Cell, Compliance, Count, Finding, Severity, Workflow
from posture.domain.scoring.evaluation import evaluate
from tests.support.oracle.product import cells_of
from tests.support.oracle.suppression import DAY, Record, Rule, World
from tests.support.oracle.suppression_histories import ONE, START, TWO
from tests.support.oracle.suppression_hub import SecurityHub
from tests.support.oracle.suppression_product import REGION, Operator, check_of, finding_of
from tests.support.scenes import facts, view

A, B = "security/a", "security/b"


def rule(name: str = A, **changes: object) -> Rule:
    return replace(Rule(name, "alpha", ["S3.1"], [], [], START + 30 * DAY), **changes)  # type: ignore[arg-type]


def declared(*rules: Rule) -> Declaration:
    hub = SecurityHub({}, merges=False, refuses_blanks=False, passing_resolves=False)
    return Operator(hub).declare(World(START, {each.name: each for each in rules}))


def suppressed(id_: str, by: str = A, *, compliance: str = "FAILED", updated_at: int = 5) -> Finding:
    record = Record(id_, "S3.1", ONE, compliance=compliance, workflow="SUPPRESSED")
    record.fields = {
        "posture.dev/owner": "prod-eu",
        "posture.dev/policy": by,
        "posture.dev/previous": "NEW",
    }
    return finding_of(record)._replace(updated_at=updated_at)


def effect(declaration: Declaration, *findings: Finding, policy: str = A) -> list[Cell]:
    surveys: Surveys[str] = Surveys()
    surveys.put("here", survey(findings, declaration))
    return list(surveys.effect(policy, cutoff=10))


def test_the_effect_is_what_findings_would_say_one_for_all_of_a_kind() -> None:
    found = [
        suppressed("1", updated_at=20),
        suppressed("2"),
        suppressed("3", compliance="WARNING"),
        suppressed("4", by=B),
    ]
    (cell,) = effect(declared(rule(A), rule(B, controls=["EC2.2"])), *found)
    assert cell == Cell(
        check_of("S3.1"),
        ONE,
        REGION,
        (
            Count(Severity.MEDIUM, Compliance.FAILED, Workflow.NEW, fresh=True, n=1),
            Count(Severity.MEDIUM, Compliance.WARNING, Workflow.NEW, fresh=False, n=1),
        ),
    )


def test_what_another_policy_would_suppress_instead_is_no_effect() -> None:
    assert effect(declared(rule(A), rule(B)), suppressed("1")) == []
    assert len(effect(declared(rule(A), rule(B, suspended=True)), suppressed("1"))) == 1


def test_what_would_not_be_suppressed_instead_is_effect_although_another_policy_wants_it() -> None:
    surveys: Surveys[str] = Surveys()
    surveys.put("here", survey([suppressed("1")], declared(rule(A), rule(B))))
    assert len(list(surveys.effect(A, cutoff=10, idle={B}))) == 1
    assert list(surveys.effect(A, cutoff=10, idle={"security/c"})) == []


def test_scores_without_a_policy_are_those_with_its_effect_beside_all_cells() -> None:
    """Whether or not the findings still count as suppressed too: that adds nothing to any score."""
    name = check_of("").standards[0]
    seen = view(facts(name, on=("S3.1", "EC2.2")))
    passed = finding_of(Record("p", "S3.1", ONE, compliance="PASSED", workflow="RESOLVED"))
    other = finding_of(Record("o", "EC2.2", ONE, compliance="PASSED", workflow="RESOLVED"))
    found = [suppressed("1", updated_at=20), suppressed("2", by=B, updated_at=20), passed, other]
    found = [finding._replace(updated_at=20) for finding in found]
    reopened = [found[0]._replace(workflow=Workflow.NEW), *found[1:]]
    extra = effect(declared(rule(A), rule(B, controls=["EC2.2"])), *found)
    without = evaluate(chain(cells_of(found, 10), extra), seen).target
    assert without == evaluate(cells_of(reopened, 10), seen).target
    assert without != evaluate(cells_of(found, 10), seen).target


def test_nothing_is_left_of_a_place_that_is_empty_now() -> None:
    surveys: Surveys[str] = Surveys()
    declaration = declared(rule())
    surveys.put("here", survey([finding_of(Record("1", "S3.1", ONE))], declaration))
    surveys.put("there", survey([finding_of(Record("2", "S3.1", TWO))], declaration))
    assert surveys.tallies() == {A: SurveyTally(matched=2)}
    assert surveys.places_of(A) == {"here", "there"}
    surveys.put("here", survey([], declaration))
    assert surveys.tallies() == {A: SurveyTally(matched=1)}
    assert surveys.places_of(A) == {"there"}
    assert [case.finding.id for case in surveys.cases()] == ["2"]
    surveys.put("there", survey([], declaration))
    assert (surveys.tallies(), surveys.places_of(A), list(surveys.cases())) == ({}, frozenset(), [])


def test_what_differs_between_declarations() -> None:
    operator = Operator(SecurityHub({}, merges=False, refuses_blanks=False, passing_resolves=False))

    def declare(*rules: Rule, elsewhere: str = "x/y", now: int = START) -> Declaration:
        return operator.declare(World(now, {each.name: each for each in rules}, {elsewhere}))

    before = declare(rule(A), rule(B))
    assert differences(before, declare(rule(A), rule(B))) == frozenset()
    assert differences(before, declare(rule(A))) == frozenset({B})
    assert differences(before, declare(rule(A), elsewhere=B)) == frozenset({B, "x/y"})
    assert differences(before, declare(rule(A), rule(B), elsewhere="y/z")) == frozenset({"x/y", "y/z"})
    assert differences(before, declare(rule(A, text="Another reason"), rule(B))) == frozenset({A})
    assert differences(before, declare(rule(A), rule(B), now=START + 30 * DAY)) == frozenset({A, B})
    granted = operator.declare(
        World(START, before_rules := {A: rule(A), B: rule(B)}, {"x/y"}, None, {("x", ONE)})
    )
    assert differences(before, granted) is None
    assert (
        differences(operator.declare(World(START, before_rules, {"x/y"}, ("x",), {("x", ONE)})), granted)
        is None
    )


def test_another_scope_concerns_its_policies() -> None:
    before = declared(rule(A), rule(B, target="beta"))
    scopes = {**before.scopes, "alpha": before.scopes["alpha"]._replace(groups={})}
    after = Declaration(
        before.policies.values(),
        scopes,
        identity=before.identity,
        may_write=before.may_write,
        known=TargetKnown(),
    )
    assert differences(before, after) == frozenset({A})
