"""Nothing that acts on a terminal or deceives a reader is left in what is printed."""

import json

import pytest
from hypothesis import given

from posture.domain.text import one_line, printable, printable_json
from tests.support.hostile import ESCAPES, acts, texts


@pytest.mark.parametrize("escape", ESCAPES)
def test_what_acts_is_shown(escape: str) -> None:
    assert acts(escape)
    assert acts(printable(f"a{escape}b")) == set()
    assert len(printable(escape)) > len(escape)


@given(texts)
def test_nothing_that_acts_is_left_in_any_text(text: str) -> None:
    shown = printable(text)
    assert acts(shown) == acts(one_line(text)) == set()
    assert acts(printable(text, keep_lines=True)) <= {"\n"}
    assert printable(shown) == shown, "what is escaped already stays"
    shown.encode()


@given(texts)
def test_what_does_nothing_stays(text: str) -> None:
    harmless = "".join(char for char in text if not acts(char) and char.isprintable())
    assert printable(harmless) == harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202eb", r"a\u202eb"),
        ("a\rb", r"a\rb"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("Grüße, 東京\u3000 à\xa0la", "Grüße, 東京\u3000 à\xa0la"),
        (r"C:\x1b", r"C:\x1b"),
    ],
)
def test_how_it_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_one_line_is_one_line() -> None:
    assert one_line(" a\r\nb \t\n c\u2028d\re ") == r"a b c\u2028d\re"
    assert printable("a\r\nb\nc\r", keep_lines=True) == "a\nb\nc\\r"


@given(texts)
def test_json_means_what_it_meant(text: str) -> None:
    for document in (json.dumps([text], indent=2), json.dumps({text: text}, ensure_ascii=False)):
        shown = printable_json(document)
        assert acts(shown) <= {"\n"}
        assert json.loads(shown) == json.loads(document)
