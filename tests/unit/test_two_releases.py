"""A release that finds another's name on what it wrote tells of it, and is silent where the other writes."""

import logging
from pathlib import Path

import pytest

from posture.kube.writers import QUIET
from tests.support.supervised import NAMESPACE, Play, passing, play, target

OTHER = "team/posture-operator-0123abcd"


def overwritten(stage: Play) -> None:
    """Write to the first target as the other release does."""
    first = stage.cluster.targets[0]
    first["status"] = {**first["status"], "writer": OTHER}
    first["metadata"]["resourceVersion"] = str(int(first["metadata"]["resourceVersion"]) + 1)
    stage.supervisor.wake()


def test_where_another_release_writes_nothing_is_written_or_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(stage: Play) -> None:
        stage.grant(NAMESPACE, "else")
        elsewhere = target("b")
        elsewhere["metadata"]["namespace"] = "else"
        await stage.begin(target("a"), elsewhere)
        assert stage.cluster.targets[0]["status"]["writer"] == stage.world.writers.name
        assert stage.shown() >= {"uid-a", "uid-b"}
        overwritten(stage)
        await passing(40)
        (hub,) = stage.hubs
        writes = len(stage.cluster.statuses)
        hub.trouble(None)
        hub.lose()
        hub.gain()
        await passing(40)
        assert {name for name, _ in stage.cluster.statuses[writes:]} <= {"b"}
        assert stage.cluster.targets[0]["status"]["writer"] == OTHER
        assert "uid-a" not in stage.shown()
        assert "uid-b" in stage.shown()
        told = [each.message for each in caplog.records if "Two releases" in each.message]
        assert len(told) == 1
        assert f"{OTHER} writes the status" in told[0]

    with caplog.at_level(logging.WARNING):
        play(tmp_path, story)


def test_it_writes_again_when_the_other_one_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target("a"))
        now = [0.0]
        monkeypatch.setattr(stage.world.writers, "_clock", lambda: now[0])
        overwritten(stage)
        await passing(40)
        assert stage.cluster.targets[0]["status"]["writer"] == OTHER
        now[0] = QUIET + 1
        await passing(40)
        assert stage.cluster.targets[0]["status"]["writer"] == stage.world.writers.name

    play(tmp_path, story)
