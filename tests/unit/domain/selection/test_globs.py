import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from posture.domain.selection.selectors import Globs, is_wild
from tests.support.oracle.case import glob_fits


@pytest.mark.parametrize(
    ("glob", "value", "fits"),
    [
        ("S3.1", "S3.1", True),
        ("S3.1", "S3.11", False),
        ("S3.1", "S3x1", False),
        ("S3.1*", "S3.11", True),
        ("*1", "S3.1", True),
        ("*1", "S3.12", False),
        ("S3.?", "S3.1", True),
        ("S3.?", "S3.", False),
        ("S3.?", "S3.11", False),
        ("a*b*c", "abbcbc", True),
        ("a*b*c", "acb", False),
        ("*", "", True),
        ("*", "two\nlines", True),
        ("", "", True),
        ("", "x", False),
        ("**", "x", True),
        ("[a-z]", "b", False),
        ("[a-z]*", "[a-z]!", True),
        ("a|b", "a", False),
        (r"\*", "\\", True),
        ("(x)+$", "(x)+$", True),
        ("prod", "Prod", False),
    ],
)
def test_a_glob_fits_the_whole_string_or_not_at_all(glob: str, value: str, *, fits: bool) -> None:
    assert Globs([glob])(value) is fits


_TEXT = st.text("ab[.*?|\n", max_size=8)


@given(st.lists(_TEXT, max_size=4), _TEXT)
@example(["a*a*b"], "aab")
@example(["*a?b*"], "aaab")
def test_it_is_what_matching_one_character_at_a_time_gives(patterns: list[str], value: str) -> None:
    assert Globs(patterns)(value) is any(glob_fits(pattern, value) for pattern in patterns)


@given(st.lists(st.text("aB.*?", max_size=5), max_size=3), st.text("Ab.", max_size=5))
def test_case_is_ignored_on_request(patterns: list[str], value: str) -> None:
    expected = any(glob_fits(pattern.upper(), value.upper()) for pattern in patterns)
    assert Globs(patterns, ignore_case=True)(value) is expected


def test_an_empty_list_fits_nothing() -> None:
    assert not Globs([])("")
    assert not Globs([])("x")


def test_many_stars_against_a_long_string_come_to_an_end() -> None:
    """What tries one way after the other would not in this test's time, nor in a year."""
    assert not Globs(["*a" * 30 + "b"])("a" * 512)


def test_wildcards_are_told_from_literals() -> None:
    assert [is_wild(p) for p in ("a", "a*", "?", "[a]")] == [False, True, True, False]
