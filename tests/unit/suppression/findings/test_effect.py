"""The effect of a policy is what evaluating everything without it gives."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from posture.api.targets.kind import ScoringMethod
from posture.domain.exceptions.declaration import Declaration, PolicyIdentity
from posture.domain.exceptions.declaration import TargetKnown as Elsewhere
from posture.domain.exceptions.policy import Phase
from posture.domain.findings import Check, CheckSource, Compliance, Finding, Workflow
from posture.domain.scoring.scores import Method, Score
from posture.domain.selection.selectors import Selector
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.reconcile.scope import TargetScope
from posture.sources.findings_view import FindingsView
from posture.store.records import Read
from posture.store.sqlite.store import Store
from posture.suppression.declared import MayWrite
from posture.suppression.findings.following import Following
from posture.suppression.findings.reconcile import DeclaredFindings, Rounds
from tests.support.declarations import INTERVAL, ME, NOW, SCOPE, TARGET, VIEW, declaration, policy
from tests.support.examples import examples
from tests.support.rows import FSBP, OWNER, finding

WINDOW = timedelta(seconds=500)
OLD, FRESH = NOW - 501_000_000, NOW - 1_000_000
CONTROLS = ("S3.1", "S3.2", "EC2.1")
# EC2.1 is off in the hub's own account and Region; of S3.2 it does not know.
LISTED = VIEW._replace(
    controls=Controls(
        {
            FSBP: Standard(
                FSBP,
                f"arn:aws:securityhub:::{FSBP}",
                {
                    "S3.1": ControlAssociation("S3.1", enabled=True),
                    "EC2.1": ControlAssociation("EC2.1", enabled=False),
                },
            )
        }
    )
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store.open(Path(tmp_path_factory.mktemp("effect")) / "hub.sqlite", owner=OWNER).store
    yield opened
    opened.close()


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    owner = draw(st.sampled_from(["a", "b", None]))
    ours = () if owner is None else (("posture.dev/owner", ME), ("posture.dev/policy", f"security/{owner}"))
    return finding(
        draw(st.integers(0, 9)),
        check=Check(
            "Security Hub",
            source=CheckSource.SECURITY_HUB,
            control=draw(st.sampled_from(CONTROLS)),
            numbered=False,
            standards=(FSBP,),
        ),
        account_id=draw(st.sampled_from(["111122223333", "444455556666"])),
        compliance=draw(st.sampled_from([Compliance.FAILED, Compliance.WARNING, Compliance.PASSED])),
        workflow=draw(st.sampled_from([Workflow.NEW, Workflow.SUPPRESSED])),
        updated_at=draw(st.sampled_from([OLD, FRESH])),
        user_fields=ours,
    )


def score_of(found: list[Finding], store_path: Path, sight: TargetScope) -> Score | None:
    """Score findings in a store of their own, the slow way."""
    store = Store.open(store_path, owner=OWNER).store
    try:
        findings = FindingsView(store)
        store.write([Read(found, NOW)])
        findings.publish(NOW, [WINDOW // timedelta(microseconds=1)], {})
        exact = findings.evaluate(sight.view, WINDOW // timedelta(microseconds=1))
        assert exact is not None
        return exact.evaluation.target.headline(Method(sight.method.value))
    finally:
        store.close()


@examples(50, suppress=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(findings(), max_size=10, unique_by=lambda each: each.id), st.sampled_from(list(ScoringMethod))
)
def test_the_score_without_a_policy_is_that_of_its_findings_unsuppressed(
    store: Store, tmp_path_factory: pytest.TempPathFactory, found: list[Finding], method: ScoringMethod
) -> None:
    store.purge_products(())
    findings = FindingsView(store)
    store.write([Read(found, NOW)])
    findings.publish(NOW, [WINDOW // timedelta(microseconds=1)], {})
    sight = TargetScope(LISTED, method, WINDOW, SCOPE)
    declared = declaration(
        policy("a", Selector(controls=("S3.*",))), policy("b", Selector(controls=("*.1",)))
    )
    following = Following(findings)
    following.plan(declared, NOW, INTERVAL)
    effects = following.effects({TARGET: sight})
    for name in ("security/a", "security/b"):
        without = [
            each._replace(workflow=Workflow.NEW)
            if dict(each.user_fields).get("posture.dev/policy") == name
            and each.workflow is Workflow.SUPPRESSED
            and set(declared.selecting(each)) <= {name}
            else each
            for each in found
        ]
        path = tmp_path_factory.mktemp("without") / "hub.sqlite"
        assert effects[name].without == score_of(without, path, sight)
        assert effects[name].score == score_of(found, tmp_path_factory.mktemp("with") / "hub.sqlite", sight)


def _suppressed_by_a() -> list[Finding]:
    check = Check(
        "Security Hub", source=CheckSource.SECURITY_HUB, control="S3.1", numbered=False, standards=(FSBP,)
    )
    ours = (("posture.dev/owner", ME), ("posture.dev/policy", "security/a"))
    return [
        finding(
            n,
            check=check,
            compliance=compliance,
            workflow=workflow,
            updated_at=FRESH,
            user_fields=ours if workflow is Workflow.SUPPRESSED else (),
        )
        for n, compliance, workflow in (
            (1, Compliance.FAILED, Workflow.SUPPRESSED),
            (2, Compliance.PASSED, Workflow.RESOLVED),
        )
    ]


def _published(store: Store) -> FindingsView:
    store.purge_products(())
    findings = FindingsView(store)
    store.write([Read(_suppressed_by_a(), NOW)])
    findings.publish(NOW, [WINDOW // timedelta(microseconds=1)], {})
    return findings


def test_a_policy_that_matches_too_much_takes_nothing_off_the_effect_of_another(store: Store) -> None:
    following = Following(_published(store))
    sight = TargetScope(VIEW, ScoringMethod.SECURITY_HUB, WINDOW, SCOPE)
    buckets = Selector(controls=("S3.*",))
    for most, without in ((1, Score(1, 1)), (0, Score(0, 1))):
        following.plan(declaration(policy("a", buckets), policy("b", buckets, most=most)), NOW, INTERVAL)
        assert following.effects({TARGET: sight})["security/a"].without == without


def _rounds(findings: FindingsView) -> tuple[Rounds, Following]:
    """Return the rounds of a hub of which no finding changes."""

    class Hub:
        status = SimpleNamespace(version=1)

        async def look(self, think: Callable[[FindingsView], object]) -> object:
            return think(findings)

    rounds = Rounds(cast("Any", Hub()), cast("Any", None))
    rounds._following = following = Following(findings)
    rounds._shown = {TARGET: TargetScope(VIEW, ScoringMethod.SECURITY_HUB, WINDOW, SCOPE)}
    return rounds, following


async def test_effects_follow_whose_marks_are_taken_over(store: Store) -> None:
    rounds, following = _rounds(_published(store))
    policies = [policy("a", Selector(controls=("S3.*",)), Phase.FROZEN)]
    for who, without in (
        (PolicyIdentity("new"), Score(1, 1)),
        (PolicyIdentity("new", frozenset({ME})), Score(0, 1)),
    ):
        found = Declaration(policies, {TARGET: SCOPE}, identity=who, may_write=MayWrite((), None))
        following.plan(found, NOW, INTERVAL)
        declared = DeclaredFindings(policies, {}, who, MayWrite((), None), Elsewhere(frozenset()))
        assert (await rounds._effects_now(declared))["security/a"].without == without


async def test_effects_follow_what_is_declared_although_no_finding_changes(store: Store) -> None:
    rounds, following = _rounds(_published(store))
    buckets = Selector(controls=("S3.*",))
    for other, without in ((Phase.FROZEN, Score(0, 1)), (Phase.ENFORCING, Score(1, 1))):
        policies = [policy("a", buckets), policy("b", buckets, other)]
        following.plan(declaration(*policies), NOW, INTERVAL)
        declared = DeclaredFindings(
            policies, {}, PolicyIdentity(ME), MayWrite((), None), Elsewhere(frozenset())
        )
        assert (await rounds._effects_now(declared))["security/a"].without == without
