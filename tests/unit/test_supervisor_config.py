"""A configuration file that changes while it is in use: what the metrics say of it."""

from pathlib import Path

from tests.unit.supervised import NAMESPACE, Play, passing, play, target

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
