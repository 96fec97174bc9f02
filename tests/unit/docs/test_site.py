"""The site: what it is built of, and that every page can be reached."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from deploy.site import chart, stage
from posture.cli.reference import page as commands_page
from tests.support.pages import DOCS, ROOT, links

SITE = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]


def _pages(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    inner = nav.values() if isinstance(nav, dict) else nav
    return [page for each in inner for page in _pages(each)]


NAV = _pages(SITE["nav"])


def unreachable(nav: list[str], docs: Path) -> list[str]:
    """Name pages that are not in the navigation, nor led to by the README.md of their folder, if that is."""
    reached = set(nav)
    for each in nav:
        folder = (docs / each).parent
        if each.endswith("/README.md") and (docs / each).is_file():
            beside = [link for link in links(docs / each) if "/" not in link]
            reached |= {str((folder / link).relative_to(docs)) for link in beside}
    # Of decisions a list is made.
    pages = {str(each.relative_to(docs)) for each in docs.rglob("*.md") if each.parent.name != "decisions"}
    return sorted(pages - reached)


def test_every_page_is_in_the_navigation_or_led_to() -> None:
    assert unreachable(NAV, DOCS) == [], "add it to nav in zensical.toml"


def test_a_page_that_nothing_leads_to_is_found(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    for name, text in (("a.md", "#"), ("runbooks/README.md", "[B](B.md)"), ("runbooks/B.md", "#")):
        (tmp_path / name).write_text(text)
    (tmp_path / "runbooks" / "C.md").write_text("#")
    assert unreachable(["runbooks/README.md"], tmp_path) == ["a.md", "runbooks/C.md"]


def test_the_navigation_names_each_page_once_and_none_that_is_not_there() -> None:
    assert len(NAV) == len(set(NAV))
    assert [each for each in NAV if not (DOCS / each).is_file()] == ["decisions/README.md"]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("site") / "docs"
    stage.stage(folder)
    return folder


def test_no_link_leads_out_of_what_is_staged(staged: Path) -> None:
    pages = sorted(staged.rglob("*.md"))
    assert len(pages) > 100
    wrong = []
    for page in pages:
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            inside = target.is_file() and target.is_relative_to(staged.resolve())
            if not inside and "://" not in link and not link.startswith("#"):
                wrong.append(f"{page.relative_to(staged)}: {link}")
    assert wrong == []


def test_pages_of_the_repository_are_on_the_site_and_every_decision_is_listed(staged: Path) -> None:
    assert (staged / "repository" / "deploy" / "helm" / "posture-operator" / "README.md").is_file()
    decisions = links(staged / "decisions" / "README.md")
    assert decisions == [each.name for each in sorted((DOCS / "decisions").glob("*.md"))]


def test_what_was_staged_before_is_gone(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "old.md").write_text("# Old")
    stage.stage(tmp_path / "docs")
    assert not (tmp_path / "docs" / "old.md").exists()
    assert (tmp_path / "docs" / "index.md").is_file()


def test_every_value_of_the_chart_is_on_its_page_with_its_default_and_its_comment() -> None:
    rows = {each.path: each for each in chart.values()}
    assert rows["image.repository"].default == '""'
    assert rows["image.repository"].says.startswith("Required: ")
    assert rows["networkPolicy.egress.ports"].default == "[443, 6443]"
    assert rows["crds.keep"] == chart.Value(
        "crds.keep", "true", "Keep them, and with them every object, when the release is uninstalled."
    )
    assert "tests" not in rows, "a heading that says nothing is no value"


def test_the_page_of_commands_is_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = commands_page()
    monkeypatch.setenv("POSTURE_NAMESPACE", "elsewhere")
    monkeypatch.setenv("COLUMNS", "40")
    assert commands_page() == before
    assert "## posture run\n" in before
    assert "| `--minimum" in before
    assert "0x" not in before
    assert "\\x08" not in before
