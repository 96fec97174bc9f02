"""What the annotation that asks for a run says comes back in the status."""

from pathlib import Path

import pytest

from posture.kube.resources import Object
from tests.support.hub_facts import facts
from tests.support.supervised import Play, passing, play, target


@pytest.mark.parametrize("length", [40, 129, 1024, 1025])
def test_a_request_is_repeated_as_far_as_status_takes_it(length: int, tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        asks = target(suspend=True)
        asks["metadata"]["annotations"] = {"posture.dev/requestedAt": "x" * length}
        await stage.begin(asks)
        assert stage.cluster.targets[0]["status"]["lastHandledRequest"] == "x" * min(length, 1024)

    play(tmp_path, story)


def _of(namespace: str, name: str) -> Object:
    made = target(name, interval="1h")
    made["metadata"]["namespace"] = namespace
    return made


def _ready(stage: Play, number: int = 0) -> str:
    conditions = stage.cluster.targets[number]["status"]["conditions"]
    return next(str(each["message"]) for each in conditions if each["type"] == "Ready")


def test_runs_of_a_hub_are_apart_where_namespaces_share_it(tmp_path: Path) -> None:
    """What one namespace asks for, all who share the hub pay."""

    async def story(stage: Play) -> None:
        stage.grant("security", "team")
        await stage.begin(_of("security", "a"), _of("security", "b"))
        (hub,) = stage.hubs
        assert hub.apart == 0
        stage.cluster.targets.append(_of("team", "c"))
        stage.supervisor.wake()
        await passing(2)
        assert hub.apart == 5_000_000, "minimums.interval"
        del stage.cluster.targets[-1]
        stage.supervisor.wake()
        await passing(2)
        assert hub.apart == 0

    play(tmp_path, story)


def test_a_target_is_told_that_its_request_waits_and_answered_when_its_run_has_ended(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        stage.grant("security", "team")
        await stage.begin(_of("security", "a"), _of("team", "b"))
        (hub,) = stage.hubs
        hub._publisher.post(facts=facts())
        hub._requests.ended(hub._requests.begun())
        asks = stage.cluster.targets[0]
        asks["metadata"]["annotations"] = {"posture.dev/requestedAt": "now"}
        stage.supervisor.wake()
        await passing(2)
        assert "posture.dev/requestedAt asks for waits" in _ready(stage)
        assert "5 s apart" in _ready(stage)
        assert "waits" not in _ready(stage, 1)
        assert "lastHandledRequest" not in asks["status"]
        ticket = hub._requests.begun()
        hub.gain()
        await passing(2)
        assert "waits" not in _ready(stage)
        assert "lastHandledRequest" not in asks["status"]
        hub._requests.ended(ticket)
        hub.gain()
        await passing(2)
        assert asks["status"]["lastHandledRequest"] == "now"

    play(tmp_path, story)
