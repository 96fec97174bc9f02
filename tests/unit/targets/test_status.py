from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from posture.api.patterns import compile_pattern
from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget, ScoringMethod
from posture.api.targets.status import PostureTargetStatus
from posture.domain.findings import Compliance
from posture.domain.scoring.accounts import Grouping
from posture.hubs.demand import HubKey
from posture.publish.prometheus.families import score_family
from posture.publish.prometheus.target_samples import evaluation_samples, restored_samples
from posture.reconcile.access import Admitted
from posture.targets.status import (
    EVALUATED,
    restored,
    scope_digest,
    without_scores,
)
from tests.support.target_status import EXACT_AT, OUTCOMES, STANDARD, evaluation, status_of


@given(OUTCOMES, st.sampled_from(ScoringMethod))
def test_what_a_new_holder_restores_is_what_the_old_one_published(
    outcomes: list[list[Compliance]], method: ScoringMethod
) -> None:
    found = evaluation(outcomes)
    written = PostureTargetStatus.model_validate(status_of(found, method).to_api())
    again = restored(written, method)
    assert again is not None
    suffix = "score_ratio" if method is ScoringMethod.SECURITY_HUB else "expected_controls_score_ratio"
    published = evaluation_samples("ns", "t", found)
    assert again.exact_at == EXACT_AT
    for family, values in restored_samples("ns", "t", again).items():
        assert sorted(values) == sorted(published[family]), family.name
    for scope in ("target", "standard", "workload"):
        assert bool(published[score_family(scope, suffix)]) == bool(
            restored_samples("ns", "t", again).get(score_family(scope, suffix))
        )


def test_without_scores_there_is_nothing_to_restore() -> None:
    status = without_scores(status_of(evaluation([[Compliance.PASSED]]), ScoringMethod.SECURITY_HUB))
    assert restored(status, ScoringMethod.SECURITY_HUB) is None


def test_accounts_that_no_pattern_groups_are_told() -> None:
    failed = [[Compliance.FAILED]] * 30
    overrides = {"000000000003": ("shop", None)}
    pattern = compile_pattern("^acme-(?P<workload>.+)-(?P<environment>[^-]+)$")
    told = status_of(
        evaluation(failed, 30, Grouping(pattern, overrides=overrides)), ScoringMethod.SECURITY_HUB
    )
    assert told.accounts
    assert told.accounts.unmatched == 29
    assert told.accounts.unmatched_ids == tuple(f"{n:012d}" for n in range(21) if n != 3)
    ungrouped = status_of(evaluation(failed, 30), ScoringMethod.SECURITY_HUB).accounts
    assert ungrouped
    assert (ungrouped.unmatched, ungrouped.unmatched_ids) == (0, ())


def admitted(accounts: tuple[str, ...] = ("*",), **spec: Any) -> Admitted:
    document = {
        "metadata": {"name": "t", "namespace": "ns"},
        "spec": {
            "aws": {"region": "eu-west-1"},
            "source": {"securityStandards": {"standards": ["*"]}},
            **spec,
        },
    }
    return Admitted(parse(PostureTarget, document), HubKey(None, None, "eu-west-1"), accounts)


def test_the_digest_tells_scopes_apart_and_nothing_else() -> None:
    digest = scope_digest(admitted())
    same: list[dict[str, Any]] = [
        {"suspend": True},
        {"interval": "1h"},
        {"objectives": {"minimumScore": 1}},
        {"products": ["Security Hub CSPM"]},
        {"products": ["Security Hub CSPM", "Security Hub"]},
    ]
    assert {scope_digest(admitted(**each)) for each in same} == {digest}
    other: list[dict[str, Any]] = [
        {"accounts": {"exclude": ["111122223333"]}},
        {"scoring": {"method": "ExpectedControls"}},
        {"grouping": {"defaultEnvironment": "x"}},
        {"products": ["Security Hub", "GuardDuty"]},
        {"source": {"securityStandards": {"standards": ["pci-dss/v/3.2.1"]}}},
    ]
    digests = {scope_digest(admitted(**each)) for each in other} | {scope_digest(admitted(("6*",)))}
    assert len(digests | {digest}) == len(other) + 2


def test_without_a_chosen_standard_there_is_no_headline_but_the_others_stay() -> None:
    status = status_of(evaluation([[Compliance.PASSED]]), ScoringMethod.SECURITY_HUB, pooled=False)
    assert (status.score, status.passed, status.scored, status.unsuppressed_score) == (None,) * 4
    assert [each.standard for each in status.standards] == [STANDARD]


def test_taking_the_scores_off_leaves_all_else() -> None:
    status = status_of(evaluation([[Compliance.PASSED], [Compliance.FAILED]]), ScoringMethod.SECURITY_HUB)
    assert status.score == 50
    bare = without_scores(status)
    assert bare == PostureTargetStatus(observed_generation=3)
    assert set(EVALUATED) >= set(status.model_fields_set) - {"observed_generation"}
