"""What the annotation that asks for a run says comes back in the status."""

from pathlib import Path

import pytest

from tests.unit.supervised import Play, play, target


@pytest.mark.parametrize("length", [40, 129, 1024, 1025])
def test_a_request_is_repeated_as_far_as_status_takes_it(length: int, tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        asks = target(suspend=True)
        asks["metadata"]["annotations"] = {"posture.dev/requestedAt": "x" * length}
        await stage.begin(asks)
        assert stage.cluster.targets[0]["status"]["lastHandledRequest"] == "x" * min(length, 1024)

    play(tmp_path, story)
