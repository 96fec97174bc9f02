"""A PostureTarget's life, as its user sees it: kubectl and the metrics page."""

import json

from sandbox.cloud import Cloud
from tests.support.e2e.stage import CIS_1_4, FSBP, ORGANIZATION, Stage
from tests.support.e2e.targets import FAILED, SPEC
from tests.support.e2e.truth import enabled_standards, expected_scores, shown_scores

COLUMNS = [
    "NAME", "SCORE", "FAILED", "CRITICAL", "OVERDUE", "CURRENT", "READY", "SYNCED", "AGE",
    "METHOD", "ACCOUNTS", "FINDINGS", "SUPPRESSED", "REASON",
]  # fmt: skip


def test_every_score_on_the_page_is_the_oracles_and_follows_the_cloud(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)

    def agrees() -> bool:
        expected = expected_scores(cloud, ORGANIZATION, SPEC)
        return shown_scores(operator, name, list(expected)) == expected

    assert agrees()
    before = operator.value("posture_target_score_ratio", target=name)
    cloud.control.mutate(
        {"op": "update", "where": FAILED, "set": {"Compliance": {"Status": "PASSED"}}, "limit": 60}
    )
    operator.wait(
        lambda: operator.value("posture_target_score_ratio", target=name) != before, "a score that moved"
    )
    operator.wait(agrees, "the oracle's numbers after a change by the provider")
    cloud.control.mutate({"op": "workflow", "where": FAILED, "status": "SUPPRESSED", "limit": 20})
    operator.wait(agrees, "the oracle's numbers after suppression by hand")
    status = stage.status(name)
    ratio = operator.value("posture_target_score_ratio", target=name)
    assert ratio is not None
    assert status["passed"] / status["scored"] == ratio
    assert status["score"] == int(ratio * 100 + 0.5)
    assert {entry["standard"] for entry in status["standards"]} == {FSBP, CIS_1_4}
    assert status["hub"] == {
        "account": "111122223333",
        "administrator": "111122223333",
        "aggregationRegion": "eu-west-1",
        "findingFormat": "SecurityControl",
        "region": "eu-west-1",
        "standards": enabled_standards(ORGANIZATION),
    }


def test_kubectl_get_shows_the_columns(stage: Stage) -> None:
    name = stage.target(objectives={"minimumScore": 90, "trend": {"window": "336h", "maxDrop": 2}})
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    header, row = stage.kubectl("get", "posturetargets", "-o", "wide").splitlines()
    assert header.split() == COLUMNS
    score = str(stage.status(name)["score"])
    assert row.split()[:2] == [name, score]
    assert "SecurityHub" in row
    assert row.endswith("Exact")
    assert operator.value("posture_objective_minimum_score_ratio", target=name) == 0.9
    condition = stage.condition("Declining", name)
    assert (condition["status"], condition["reason"]) == ("False", "WithinMaxDrop")


def test_a_changed_spec_counts_at_once_and_an_old_score_is_not_passed_off(stage: Stage) -> None:
    name = stage.target(interval="1h")
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    assert operator.series("posture_standard_score_ratio", target=name, standard=CIS_1_4)
    stage.target(interval="1h", source={"securityStandards": {"standards": [FSBP]}})
    operator.wait(
        lambda: not operator.series("posture_standard_score_ratio", target=name, standard=CIS_1_4),
        "the series of the standard that was dropped to go",
    )
    operator.wait(
        lambda: stage.status(name)["observedGeneration"] == stage.get(name)["metadata"]["generation"],
        "the status of the new generation",
    )
    assert [entry["standard"] for entry in stage.status(name)["standards"]] == [FSBP]


def test_a_run_asked_for_by_annotation_comes_at_once_and_is_echoed(stage: Stage, cloud: Cloud) -> None:
    name = stage.target(interval="1h")
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    before = operator.value("posture_target_score_ratio", target=name)
    cloud.control.mutate({"op": "update", "where": FAILED, "set": {"Compliance": {"Status": "PASSED"}}})
    stage.kubectl("annotate", "posturetarget", name, "posture.dev/requestedAt=now-1")
    operator.wait(lambda: stage.status(name).get("lastHandledRequest") == "now-1", "the echo of the request")
    assert operator.value("posture_target_score_ratio", target=name) != before


def test_suspend_keeps_the_score_with_its_time_and_asks_nothing(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    stage.target(suspend=True)
    operator.wait(lambda: stage.condition("ScoreCurrent")["reason"] == "Suspended", "the condition")
    score = operator.value("posture_target_score_ratio", target=name)
    assert score is not None
    cloud.control.reset_calls()
    cloud.control.mutate({"op": "update", "where": FAILED, "set": {"Compliance": {"Status": "PASSED"}}})
    stage.kubectl("annotate", "posturetarget", name, "posture.dev/requestedAt=while-suspended")
    operator.wait(lambda: stage.status(name).get("lastHandledRequest") == "while-suspended", "the echo")
    assert cloud.control.call_total("GetFindings") == 0
    assert operator.value("posture_target_score_ratio", target=name) == score
    stage.target(suspend=False)
    # For two intervals the score of before is still a current one.
    operator.wait(
        lambda: operator.value("posture_target_score_ratio", target=name) != score, "the score after resuming"
    )
    operator.wait(lambda: stage.is_current(name), "that it is current")


def test_a_deleted_target_leaves_no_series_and_no_lease_held(stage: Stage) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    stage.kubectl("delete", "posturetarget", name)
    operator.wait(lambda: operator.value("posture_leases_held") == 0, "the hub to be let go")
    _, page = operator.get("/metrics")
    assert f'target="{name}"' not in page
    leases = json.loads(stage.kubectl("get", "leases", "-o", "json"))["items"]
    held = [item for item in leases if item["metadata"]["name"].startswith("posture-hub")]
    assert [item["spec"].get("holderIdentity", "") for item in held] == [""]


def test_targets_of_one_hub_share_one_sweep(stage: Stage, cloud: Cloud) -> None:
    names = [stage.target(f"target-{number}", interval="1h") for number in range(30)]
    cloud.control.reset_calls()
    operator = stage.operator()
    for name in names:
        operator.wait(lambda name=name: stage.is_current(name), f"the score of {name}", seconds=60)  # type: ignore[misc]
    alone = cloud.control.call_total("GetFindings")
    pages = -(-cloud.control.count() // 100)
    assert alone < 2 * pages, "thirty targets cost one sweep"
    assert operator.value("posture_leases_held") == 1
