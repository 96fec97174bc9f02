"""Links lead somewhere: to files that there are, and to headings that they have."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.pages import PAGES, ROOT, anchors, links, named


def broken(page: Path, target: str) -> str | None:
    """Say what is wrong with a link; None: nothing, or it leads outside of the repository."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None if parts.scheme in {"https", "mailto"} else f"{target}: not over https"
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if ROOT not in (path, *path.parents) or not path.exists():
        return f"{target}: there is no such file"
    if parts.fragment and path.suffix == ".md" and parts.fragment not in anchors(path):
        return f"{target}: there is no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert [wrong for each in links(page) if (wrong := broken(page, each))] == []


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nowhere.md", "no such file"),
        ("../../../../etc/passwd", "no such file"),
        ("README.md#install", None),
        ("README.md#no-such-thing", "no such heading"),
        ("http://example.com", "not over https"),
        ("https://example.com/x#y", None),
    ],
)
def test_a_link_that_leads_nowhere_is_found(target: str, says: str | None) -> None:
    found = broken(ROOT / "CONTRIBUTING.md", target)
    assert (found is None) if says is None else (found is not None and says in found)
