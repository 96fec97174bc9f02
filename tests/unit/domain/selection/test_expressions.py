"""Expressions that are searched for, and the globs that say the same; compared with Python's own search."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.selection.expressions import NoGlobError, globs_of_search
from posture.domain.selection.selectors import Globs
from tests.support.examples import examples

_PIECES = st.one_of(
    st.sampled_from(
        (
            "(?:a|b)",
            "[ab]",
            "[a-b]*",
            "[.1]+",
            ".*",
            ".+",
            ".?",
            "a+",
            "b{1,2}",
            r"\.",
            "^",
            "$",
            "(a|)",
            "a{2,}",
            "1*",
        )
    ),
    st.text("ab.*+?|()[]^$\\{},-12Z", max_size=3),
)
_TEXTS = st.text("ab.12-", max_size=6)


@examples(1500)
@given(st.lists(_PIECES, max_size=5).map("".join), st.lists(_TEXTS, min_size=4, max_size=12))
def test_globs_fit_what_a_search_finds_it_in(expression: str, texts: list[str]) -> None:
    try:
        globs = Globs(globs_of_search(expression))
    except NoGlobError:
        return
    compiled = re.compile(expression)
    for text in filter(None, texts):
        found = compiled.search(text) is not None
        assert globs(text) == found, text


@pytest.mark.parametrize(
    ("expression", "globs"),
    [
        ("", ["*"]),
        (".*", ["*"]),
        ("logs", ["*logs*"]),
        ("^logs$", ["logs"]),
        (r"\Alogs\Z", ["logs"]),
        ("^logs", ["logs*"]),
        ("ec2_*", ["*ec2*"]),
        (".+-logs", ["*?*-logs*"]),
        (r"^arn:aws:s3:::(a|b)\.c$", ["arn:aws:s3:::a.c", "arn:aws:s3:::b.c"]),
        ("(^|/)prod$", ["*/prod", "prod"]),
        ("[0-2]x+", ["*0x*", "*1x*", "*2x*"]),
        ("^[ab]{2}$", ["aa", "ab", "ba", "bb"]),
        ("^ab?c*?$|x", None),
        ("^colou?r$", ["color", "colour"]),
        ("^.{3}$", ["???"]),
        ("a|.*", ["*"]),
    ],
)
def test_what_is_said(expression: str, globs: list[str] | None) -> None:
    if globs is None:
        with pytest.raises(NoGlobError):
            globs_of_search(expression)
    else:
        assert list(globs_of_search(expression)) == globs


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (r"\d", r"\d cannot be said"),
        (r"a\b", r"\b cannot be said"),
        (r"(a)\1", r"\1 cannot be said"),
        ("a\\", "cannot be said"),
        ("[^a]", "exception"),
        (r"[\d]", "cannot be said"),
        ("[a", "not closed"),
        ("[]a]", "bracket"),
        ("[b-a]", "no range"),
        ("[[a]", "bracket"),
        ("[a--b]", "no range"),
        ("[a&&b]", "bracket"),
        ("(?i)a", "flags"),
        ("(?P<n>a)", "names"),
        ("(?=a)", "looks around"),
        ("(?!a)", "exception"),
        ("(?<=a)b", "looks around"),
        ("(a", "not closed"),
        ("a)", "has no ("),
        ("*a", "repeats nothing"),
        ("a**", "twice over"),
        ("a*+", "twice over"),
        ("{", "repeats nothing"),
        ("a{x", "begins no count"),
        ("a{2,1}", "ends before"),
        ("a{99999}", "too large"),
        ("^*a", "write it once"),
        ("a^b", "at an end"),
        ("a$b", "at an end"),
        ("^$", "empty text"),
        ("xa*y", "without end"),
        ("^a+$", "without end"),
        ("x(ab)+y", "without end"),
        (r"\*", "wildcard"),
        (r"a\?", "wildcard"),
        ("[0-9]{4}", "more than"),
        ("(a|b|c|d){9}", "more than"),
        ("a\nb", "several lines"),
        ("a" * 2000, "characters"),
        ("(.{900}){2}", "long"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_reason(expression: str, why: str) -> None:
    with pytest.raises(NoGlobError) as refused:
        globs_of_search(expression)
    assert why in str(refused.value)
