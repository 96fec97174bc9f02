"""Whatever people write into notes and names, the register shows it and does nothing by it."""

import csv
import html
import io
import json

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from posture.cli.exceptions.text import (
    register_as_csv,
    register_as_json,
    register_as_markdown,
    register_as_table,
)
from posture.domain.text import one_line, printable
from posture.suppression.register import RegisteredException, undocumented
from tests.support.examples import examples
from tests.support.hostile import acts, texts


def entry(text: str) -> RegisteredException:
    """An exception in which everything that people name is called like this."""
    return undocumented("a/b", "a/p", "suppressFindings")._replace(
        control=text, standard=text, account=text, region=text, why=text, approved_by=text, reference=text,
        owner=text, resources=(text, text),
    )  # fmt: skip


@given(texts)
@examples(200)
def test_no_format_acts_on_a_terminal(text: str) -> None:
    found = [entry(text), entry("plain")]
    for shown in (
        register_as_table(found),
        register_as_csv(found),
        register_as_markdown(found),
        register_as_json(found),
    ):
        assert acts(shown) <= {"\n"}
    assert register_as_table(found).count("\n") == register_as_markdown(found).count("\n") - 1 == 3
    assert json.loads(register_as_json(found))[0]["why"] == text, "for programs nothing is escaped"


@given(texts)
@examples(200)
def test_no_cell_of_csv_is_a_formula_or_lost(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(register_as_csv([entry(text)]), newline=""))
    assert row["number"] == "0"
    for cell in row.values():
        assert not cell.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))  # noqa: RUF001 -- full width
    assert row["why"].removeprefix("'") == printable(text, keep_lines=True).removeprefix("'")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "  =1", "\n=1", "＝1"])  # noqa: RUF001 -- full width
def test_what_a_spreadsheet_would_compute_is_text(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(register_as_csv([entry(text)]), newline=""))
    assert row["why"][0] in {"'", "\\"}


def cells(markdown: str) -> list[list[str]]:
    """Return the rows of a table as a reader of Markdown shows them: what is no plain text is an error."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    tokens = [token for token in parser.parse(markdown) if token.type in {"tr_open", "inline", "html_block"}]
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
            continue
        children = token.children or []
        assert {child.type for child in children} <= {"text", "text_special"}, token.content
        rows[-1].append("".join(child.content for child in children))
    return rows


@given(texts)
@examples(200)
def test_no_cell_of_markdown_is_anything_but_text(text: str) -> None:
    markdown = register_as_markdown([entry(text)])
    heading, row = cells(markdown)
    assert len(heading) == len(row) == 15
    assert row[heading.index("WHY")] == one_line(text).strip()
    body = markdown.splitlines()[2]
    assert "://" not in body
    assert "www." not in body.lower()


@pytest.mark.parametrize("text", [r"a\|b", r"a\\|b", "a|b", r"\\|", "`a|b`", r"`\|`"])
def test_a_bar_never_splits_a_cell(text: str) -> None:
    line = register_as_markdown([entry(text)]).splitlines()[2]
    # A reader that takes a bar after any backslash for text, and one that pairs backslashes, see one row.
    assert line.replace("\\|", "").count("|") == 16
    assert "\\\\" not in line
    assert html.unescape(line).count(text.replace("|", "\\|")) == 6
