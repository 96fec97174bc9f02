"""A configuration file that changes while it is in use: what the metrics say of it."""

import logging
from pathlib import Path

import pytest

from tests.support.supervised import NAMESPACE, Play, passing, play, target

_SUCCESSFUL = "posture_config_last_reload_successful"


def value(stage: Play) -> list[float]:
    """Return what a scrape would give now."""
    return [
        sample for family, samples in stage.supervisor.samples().items() if family.name == _SUCCESSFUL
        for _, sample in samples
    ]  # fmt: skip


def test_a_file_that_cannot_be_used_is_told_until_it_can_be(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        await stage.begin(target())
        assert value(stage) == [1]
        for unusable in ("grants: [{verbs: [Skore]}]\n", "grants: [\n"):
            stage.config.write_text(unusable, encoding="utf-8")
            await passing(4)
            assert value(stage) == [0]
        assert len(stage.hubs) == 1, "the last good one stays in force"
        stage.grant(NAMESPACE)
        await passing(4)
        assert value(stage) == [1]
        stage.config.unlink()
        await passing(4)
        assert value(stage) == [0]

    play(tmp_path, story)


def test_what_does_not_follow_a_reload_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A Lease that is held lasts as it was taken: others have read how long, and wait no longer."""

    async def story(stage: Play) -> None:
        await stage.begin(target())
        text = stage.config.read_text(encoding="utf-8")
        told = []
        for more in (
            "quotaShare: 0.5\n",
            "lease: {duration: 30s}\n",
            "lease: {duration: 30s}\nwrites: Frozen\n",
        ):
            caplog.clear()
            stage.config.write_text(text + more, encoding="utf-8")
            await passing(4)
            told.append([each.message for each in caplog.records if "lease" in each.message])
        assert [len(each) for each in told] == [0, 1, 0]
        assert "restart the replicas" in told[1][0]

    with caplog.at_level(logging.WARNING):
        play(tmp_path, story)
