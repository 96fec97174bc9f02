"""Two releases that keep their Leases in one namespace."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import Cloud
from sandbox.controlplane import ControlPlane
from tests.support.e2e.stage import Stage


@pytest.fixture
def other(crds: ControlPlane, cloud: Cloud, tmp_path: Path) -> Iterator[Stage]:
    """A second release's namespace, configuration and objects."""
    namespace, folder = f"other-{uuid.uuid4().hex[:8]}", tmp_path / "other"
    folder.mkdir()
    crds.kubectl("create", "namespace", namespace)
    made = Stage(crds, cloud, namespace, folder)
    yield made
    made.close()


def test_releases_that_watch_namespaces_of_their_own_share_a_lease_namespace(
    stage: Stage, other: Stage
) -> None:
    """The same role and Region: one Security Hub for AWS, and for each release work of its own."""
    name = stage.target()
    other.target(name)
    leases: dict[str, Any] = {
        "kubeconfig": stage.plane.kubeconfig,
        "arguments": ["--lease-namespace", stage.namespace],
    }
    first = stage.operator(**leases)
    second = other.operator("second", **leases)
    first.wait(lambda: stage.is_current(name), "the first release's score", seconds=60)
    second.wait(lambda: other.is_current(name), "the second release's score", seconds=60)
    listed = json.loads(stage.kubectl("get", "leases", "--output", "json"))["items"]
    watched = [
        each["metadata"]["annotations"]["posture.dev/namespaces"]
        for each in listed
        if each["metadata"]["name"].startswith("posture-hub-") and each["spec"]["holderIdentity"]
    ]
    assert sorted(watched) == sorted([stage.namespace, other.namespace])


def test_of_releases_that_watch_the_same_namespace_one_writes_and_that_is_told(
    stage: Stage, other: Stage
) -> None:
    """As a release for all namespaces and one for a team's: their Leases are where the other may not look."""
    stage.configure(minimums={"interval": "5s"})
    name = stage.target()
    first = stage.operator(kubeconfig=stage.plane.kubeconfig)
    first.wait(lambda: stage.is_current(name), "a score", seconds=60)
    alone = stage.status(name)["writer"]
    assert alone.startswith(f"{stage.namespace}/posture-operator-")
    second = stage.operator(
        "second",
        kubeconfig=stage.plane.kubeconfig,
        arguments=["--namespace", other.namespace, "--lease-namespace", other.namespace],
    )

    def told() -> set[str]:
        events = json.loads(stage.kubectl("get", "events.events.k8s.io", "--output", "json"))["items"]
        return {each["reportingInstance"] for each in events if each["reason"] == "TwoReleases"}

    second.wait(lambda: bool(told()), "somebody to tell", seconds=90)
    writer = stage.status(name)["writer"]
    assert writer <= alone, "the one whose name comes first goes on"
    before = stage.status(name)["sync"]["lastSuccessTime"]
    writes = set[str]()

    def polled_on() -> bool:
        status = stage.status(name)
        writes.add(status["writer"])
        return bool(status["sync"]["lastSuccessTime"] > before) and stage.is_current(name)

    for _ in range(2):
        first.wait(polled_on, "the next score", seconds=30)
        before = stage.status(name)["sync"]["lastSuccessTime"]
    assert writes == {writer}, "nobody else writes"


def test_what_a_target_asks_below_the_minimum_is_raised_and_told(stage: Stage) -> None:
    stage.configure(minimums={"interval": "7s"})
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "a score", seconds=60)
    assert "spec.interval is 5s, and 7s is used" in stage.condition("Ready", name)["message"]
    assert operator.value("posture_sync_interval_seconds") == 7
