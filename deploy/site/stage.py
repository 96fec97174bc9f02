"""`python -m deploy.site.stage FOLDER`: what the site is built of, in a folder of its own.

That is `docs/`, and beside it, below `repository/`, whatever else of the repository its pages lead to: so
that the site has no dead link, and needs no address of a repository. Decisions get a list of them all.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from os.path import relpath
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_DECISIONS = DOCS / "decisions"
_OUTSIDE = Path("repository")
_LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")
_LISTING = "README.md"


def stage(folder: Path) -> None:
    """Fill a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder)
    _write(folder / "decisions" / _LISTING, _list_of("Decisions", sorted(_DECISIONS.glob("*.md"))))
    waiting = sorted(DOCS.rglob("*.md"))
    done = {*waiting, _DECISIONS / _LISTING}
    while waiting:
        page = waiting.pop()
        text = page.read_text("utf-8")
        _write(folder / _staged(page), _LINK.sub(partial(_moved, page), text))
        for target in _linked(page, text):
            if target in done:
                continue
            done.add(target)
            if target.suffix == ".md":
                waiting.append(target)
            elif target.is_dir():
                files = sorted(each for each in target.iterdir() if not each.name.startswith((".", "_")))
                _write(folder / _staged(target / _LISTING), _list_of(target.name, files, link=False))
            elif DOCS not in target.parents:
                _copy(target, folder / _staged(target))


def _linked(page: Path, text: str) -> Iterator[Path]:
    for link in _LINK.finditer(text):
        target = _target(link[1], page)
        if target is not None:
            yield target


def _target(path: str, page: Path) -> Path | None:
    """Return the file or folder of the repository that a link leads to; a folder's page where it has one."""
    target = (page.parent / unquote(path)).resolve()
    if not target.is_relative_to(ROOT) or not target.exists():
        return None
    return target / _LISTING if target == _DECISIONS or (target / _LISTING).is_file() else target


def _moved(page: Path, link: re.Match[str]) -> str:
    """Return a link as it is from where its page is on the site."""
    target = _target(link[1], page)
    if target is None:
        return link[0]
    staged = _staged(target / _LISTING if target.is_dir() else target)
    return relpath(staged, _staged(page).parent) + (link[2] or "")


def _staged(path: Path) -> Path:
    """Return where a file of the repository is on the site."""
    return path.relative_to(DOCS) if path.is_relative_to(DOCS) else _OUTSIDE / path.relative_to(ROOT)


def _list_of(title: str, files: list[Path], *, link: bool = True) -> str:
    lines = [f"- [{_title(each)}]({each.name})" if link else f"- `{each.name}`" for each in files]
    return "\n".join([f"# {title}", "", *lines, ""])


def _title(page: Path) -> str:
    return page.read_text("utf-8").partition("\n")[0].removeprefix("# ")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
