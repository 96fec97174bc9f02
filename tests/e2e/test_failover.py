"""Anything may die at any moment: processes, the API server, the store, the watch."""

import random
import time

import pytest

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import ORGANIZATION, Stage, holder
from tests.support.e2e.targets import FAILED, SPEC
from tests.support.e2e.truth import expected_scores, shown_scores

LEASE = 3.0


def agrees(cloud: Cloud, operator: OperatorProcess, name: str) -> bool:
    expected = expected_scores(cloud, ORGANIZATION, SPEC)
    return shown_scores(operator, name, list(expected)) == expected


def test_killed_at_random_moments_it_ends_in_the_same_numbers(stage: Stage, cloud: Cloud) -> None:
    # A slow hub makes the sweep last: most of these moments are within it.
    cloud.control.settings(latency={"GetFindings": 0.15})
    name = stage.target()
    operator = stage.operator()
    moments = random.Random(20261122)
    for _ in range(5):
        deadline = time.monotonic() + moments.uniform(0.3, 4.0)
        operator.wait(lambda deadline=deadline: time.monotonic() > deadline, "the moment to die")  # type: ignore[misc]
        operator.kill()
        cloud.control.mutate(
            {"op": "update", "where": FAILED, "set": {"Compliance": {"Status": "PASSED"}}, "limit": 5}
        )
        operator.start()
    operator.wait(lambda: stage.is_current(name), "the score after all", seconds=60)
    operator.wait(lambda: agrees(cloud, operator, name), "the oracle's numbers")


def test_a_second_replica_takes_over_after_a_kill(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    first = stage.operator("replica-0")
    first.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    second = stage.operator("replica-1")
    second.wait(lambda: second.get("/readyz")[0] == 200, "the second replica to be ready")
    assert holder(stage) == "replica-0"
    assert not second.series("posture_target_score_ratio", target=name), "only the holder publishes"
    published = first.value("posture_target_score_ratio", target=name)
    first.kill()
    second.wait(lambda: second.value("posture_target_score_ratio", target=name) is not None, "a takeover")
    assert second.value("posture_target_score_ratio", target=name) == published
    second.wait(lambda: agrees(cloud, second, name), "the oracle's numbers", seconds=60)


def test_the_store_is_not_needed_to_publish_the_old_score_with_its_old_time(stage: Stage) -> None:
    name = stage.target()
    first = stage.operator("replica-0")
    first.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    # Cut off from AWS, the second has only the status to go by.
    second = stage.operator("replica-1", environment={"AWS_ENDPOINT_URL_SECURITYHUB": "http://127.0.0.1:9"})
    first.stop()
    second.wait(lambda: bool(second.series("posture_target_score_ratio", target=name)), "the score of status")
    status = stage.status(name)
    assert second.value("posture_target_score_ratio", target=name) == status["passed"] / status["scored"]
    shown = second.value("posture_score_timestamp_seconds", target=name)
    assert shown is not None
    assert shown < time.time() - 1
    assert len(second.series("posture_workload_score_ratio", target=name)) == len(status["workloads"])
    second.wait(lambda: not stage.is_current(name), "the score to be called old", seconds=60)
    assert second.value("posture_target_score_ratio", target=name) == status["passed"] / status["scored"]


def test_a_frozen_holder_does_not_come_back_as_one(stage: Stage) -> None:
    name = stage.target()
    first = stage.operator("replica-0")
    first.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    second = stage.operator("replica-1")
    first.pause()
    second.wait(lambda: holder(stage) == "replica-1", "a takeover", seconds=30)
    second.wait(lambda: second.value("posture_leases_held") == 1, "the second to hold the hub")
    first.resume()
    first.wait(lambda: first.value("posture_leases_held") == 0, "the first to know that it lost")
    first.wait(
        lambda: not first.series("posture_target_score_ratio", target=name), "its series to be withdrawn"
    )
    assert holder(stage) == "replica-1"


def test_a_replica_that_was_away_does_not_bring_an_older_score_back(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    first = stage.operator("replica-0")
    first.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    old = stage.status(name)
    first.pause()
    cloud.control.mutate({"op": "update", "where": FAILED, "set": {"Compliance": {"Status": "PASSED"}}})
    second = stage.operator("replica-1")
    second.wait(lambda: stage.status(name)["score"] > old["score"], "the newer score", seconds=60)
    cloud.control.fault("denied", "GetFindings", count=1000)
    newer = stage.status(name)
    second.kill()
    first.resume()
    first.wait(lambda: holder(stage) == "replica-0", "the first to hold the hub again", seconds=30)
    first.wait(lambda: stage.condition("Ready")["reason"] == "AccessDenied", "a cycle of the first")
    status = stage.status(name)
    assert (status["score"], status["passed"]) == (newer["score"], newer["passed"])
    assert status["scoreTime"] >= newer["scoreTime"]
    assert first.value("posture_target_score_ratio", target=name) == newer["passed"] / newer["scored"]


def test_it_stops_within_ten_seconds_and_gives_its_leases_back(stage: Stage) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    assert operator.stop() < 10
    assert holder(stage) == ""
    assert "Traceback" not in operator.log()
    operator.start()
    operator.wait(lambda: holder(stage) == "replica-0", "the lease again, at once", seconds=LEASE + 5)


@pytest.mark.timeout(240)
def test_the_api_server_may_be_away_for_two_minutes(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    doomed = stage.target("doomed")
    operator = stage.operator()
    for each in (name, doomed):
        operator.wait(lambda each=each: stage.is_current(each), "the first exact score", seconds=60)  # type: ignore[misc]
    stage.plane.stop_apiserver(grace_seconds=0)
    try:
        away_until = time.monotonic() + 120
        # Without its Lease it may not speak: the series go, and nothing is concluded from absence.
        operator.wait(lambda: operator.value("posture_leases_held") == 0, "the lease to be over", seconds=30)
        assert not operator.series("posture_target_score_ratio")
        operator.wait(lambda: operator.get("/readyz")[0] == 503, "not ready", seconds=100)
        assert operator.get("/healthz")[0] == 200
        operator.wait(lambda: time.monotonic() > away_until, "two minutes", seconds=125)
        # Frozen, it cannot see the deletion happen: it can only find the target missing.
        operator.pause()
    finally:
        stage.plane.start_apiserver()
    stage.kubectl("delete", "posturetarget", doomed, "--wait=false")
    operator.resume()
    operator.wait(lambda: operator.get("/readyz")[0] == 200, "ready again", seconds=90)
    operator.wait(lambda: agrees(cloud, operator, name), "the oracle's numbers", seconds=60)
    assert not operator.series("posture_target_score_ratio", target=doomed)


def test_a_watch_that_is_cut_is_taken_up_again(stage: Stage) -> None:
    name = stage.target(interval="1h")
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    stage.plane.stop_apiserver(grace_seconds=0)
    stage.plane.start_apiserver()
    stage.target(interval="1h", objectives={"minimumScore": 77})
    operator.wait(
        lambda: operator.value("posture_objective_minimum_score_ratio", target=name) == 0.77,
        "the change to be seen",
        seconds=40,
    )
    assert operator.running


def test_a_store_deleted_under_it_is_swept_again(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    for file in operator.data_dir.rglob("*"):
        if file.is_file():
            file.unlink()
    cloud.control.mutate({"op": "update", "where": FAILED, "set": {"Compliance": {"Status": "PASSED"}}})
    operator.wait(lambda: agrees(cloud, operator, name), "the oracle's numbers", seconds=60)
    operator.wait(lambda: stage.is_current(name), "a current score", seconds=60)


def test_a_broken_store_is_moved_aside_and_swept_again(stage: Stage, cloud: Cloud) -> None:
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    operator.stop()
    stores = [file for file in operator.data_dir.rglob("*") if file.is_file() and file.stat().st_size > 4096]
    assert stores
    for file in stores:
        file.write_bytes(b"no database" * 1000)
    operator.start()
    operator.wait(lambda: agrees(cloud, operator, name), "the oracle's numbers", seconds=60)
    events = stage.kubectl("get", "events", "-o", "jsonpath={.items[*].reason}")
    assert "StoreReplaced" in events
