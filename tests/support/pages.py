"""The pages for people, as Markdown reads them: headings, links, blocks of code, commands."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        ROOT / "deploy" / "helm" / "posture-operator" / "README.md",
    ]
)
_SHELLS = {"sh", "bash", "shell", "console"}
_PROGRAMS = ("posture", "kubectl", "helm", "make")


def named(page: Path) -> str:
    """Give the path of a page from the repository's root."""
    return str(page.relative_to(ROOT))


class Block(NamedTuple):
    """A block of code: its language, its text, and the line on which it begins."""

    language: str
    text: str
    line: int


@cache
def _tokens(page: Path) -> tuple[Token, ...]:
    return tuple(MarkdownIt("gfm-like", {"linkify": False}).parse(page.read_text("utf-8")))


def _inline(page: Path) -> Iterator[Token]:
    for token in _tokens(page):
        yield from token.children or ()


def links(page: Path) -> list[str]:
    """Give what the links and pictures of a page lead to."""
    found = [token.attrGet("href") or token.attrGet("src") for token in _inline(page)]
    return [str(each) for each in found if each]


@cache
def anchors(page: Path) -> frozenset[str]:
    """Give the anchors of the headings of a page, as GitHub and GitLab make them."""
    given: list[str] = []
    tokens = _tokens(page)
    for token, after in pairwise(tokens):
        if token.type == "heading_open":
            text = "".join(each.content for each in after.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
            before = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", each) is not None for each in given)
            given.append(f"{slug}-{before}" if before else slug)
    return frozenset(given)


def blocks(page: Path) -> list[Block]:
    """Give the fenced blocks of a page."""
    return [
        Block(token.info.strip(), token.content, (token.map or [0])[0] + 1)
        for token in _tokens(page)
        if token.type == "fence"
    ]


def commands(page: Path) -> list[str]:
    """Give the command lines of our programs in a page: of blocks, and in the text."""
    lines = [line for block in blocks(page) for line in _lines(block)]
    spans = [token.content for token in _inline(page) if token.type == "code_inline"]
    return [each for each in (*lines, *spans) if each.split(" ")[0] in _PROGRAMS and " " in each]


def _lines(block: Block) -> Iterator[str]:
    if block.language not in _SHELLS:
        return
    for line in re.sub(r"\\\n\s*", "", block.text).splitlines():
        typed = line.removeprefix("$ ") if block.language == "console" else line
        if block.language != "console" or line.startswith("$ "):
            for part in re.split(r" \|\|? | && |; ", typed.strip()):
                yield re.sub(r"^(\w+=\S+ )+", "", part)


def words(command: str) -> list[str]:
    """Split a command line as a shell does, up to what it does with its output."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        found = list(lexer)
    except ValueError:
        found = command.split()
    end = next((n for n, each in enumerate(found) if each in {">", "<", "&", "|", ">>"}), len(found))
    return found[:end]
