"""A configuration file that changes while it is in use."""

import os
from pathlib import Path

import pytest

from posture.config.file import (
    ConfigError,
    ConfigFile,
)
from tests.support.config_file import written


def test_a_change_is_seen_once_by_its_content(path: Path) -> None:
    file = ConfigFile(written(path, "quotaShare: 0.5"))
    assert not file.reload_if_changed()
    before = path.stat()
    path.write_text("quotaShare: 0.6", "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.reload_if_changed()
    assert file.current().quota_share == 0.6
    path.touch()
    assert not file.reload_if_changed()


def test_a_mounted_configmap_is_followed(tmp_path: Path) -> None:
    """Kubernetes: file → ..data/file, ..data → ..version; the swap renames a new link over ..data."""
    for version, share in (("one", "0.5"), ("two", "0.6")):
        folder = tmp_path / f"..{version}"
        folder.mkdir()
        written(folder / "config.yaml", f"quotaShare: {share}")
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    file = ConfigFile(tmp_path / "config.yaml")
    assert file.current().quota_share == 0.5
    (tmp_path / "..data_tmp").symlink_to("..two")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert file.reload_if_changed()
    assert file.current().quota_share == 0.6


@pytest.mark.parametrize("broken", ["quotaShare: 2", "quotaShare: [", "\xff: \x00", None])
def test_a_broken_version_leaves_the_one_before_it_and_is_reported_once(
    path: Path, broken: str | None
) -> None:
    file = ConfigFile(written(path, "quotaShare: 0.5"))
    if broken is None:
        path.unlink()
    else:
        written(path, broken)
    assert file.reload_if_changed()
    assert file.error is not None
    assert str(path) in str(file.error)
    assert file.current().quota_share == 0.5
    assert not file.reload_if_changed()
    assert file.error is not None
    written(path, "quotaShare: 0.5")
    assert file.reload_if_changed()
    assert file.error is None


def test_a_broken_version_that_becomes_unreadable_and_comes_back_is_still_broken(path: Path) -> None:
    file = ConfigFile(written(path, "quotaShare: 0.5"))
    written(path, "quotaShare: 2")
    assert file.reload_if_changed()
    path.rename(path.with_suffix(".away"))
    assert file.reload_if_changed()
    path.with_suffix(".away").rename(path)
    assert file.reload_if_changed()
    assert file.error is not None
    assert "quotaShare" in str(file.error)


@pytest.mark.parametrize("slip", ["foo: 1", "grants: [{verbs: [Scoer]}]", "grants: ["])
def test_the_brake_works_in_a_file_with_a_slip_elsewhere(path: Path, slip: str) -> None:
    good = "grants: [{namespaces: [security]}]"
    file = ConfigFile(written(path, good))
    written(path, f"quotaShare: 0.5\nwrites: Frozen\n{slip}")
    assert file.reload_if_changed()
    assert file.current().frozen
    assert file.current().granted[0].namespaces == ("security",)
    assert file.error is not None
    written(path, good)
    assert file.reload_if_changed()
    assert not file.current().frozen


@pytest.mark.parametrize(
    "text", ["# writes: Frozen\nfoo: 1", "writes: Enabled # Frozen\nfoo: [", "x: {writes: Frozen}"]
)
def test_the_brake_is_not_pulled_by_a_comment(path: Path, text: str) -> None:
    file = ConfigFile(written(path, ""))
    written(path, text)
    assert file.reload_if_changed()
    assert not file.current().frozen


@pytest.mark.parametrize(
    "slip",
    ["ownerId: 2026-13-45", "ownerId: !!float x", "grants: " + "[" * 5000, "ownerId: 'unclosed"],
    ids=["no such date", "no such number", "nested too deep", "unclosed"],
)
def test_no_slip_of_the_pen_stops_the_reloading_or_the_brake(tmp_path: Path, slip: str) -> None:
    path = tmp_path / "posture.yaml"
    path.write_text("writes: Enabled\n", encoding="utf-8")
    file = ConfigFile(path)
    path.write_text(f"writes: Frozen\n{slip}\n", encoding="utf-8")
    assert file.reload_if_changed()
    assert file.error is not None
    assert file.current().frozen
    path.write_text("writes: Enabled\n", encoding="utf-8")
    assert file.reload_if_changed()
    assert file.error is None
    assert not file.current().frozen


def test_what_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "posture.yaml"
    path.write_text("grants:\n  - externalId: 'topsecret\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        ConfigFile(path)
    assert "topsecret" not in str(caught.value)
    assert "line " in str(caught.value)
