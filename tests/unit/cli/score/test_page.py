"""The report as HTML: whatever people write into names and notes is text, and nothing is fetched or run."""

import re
from typing import Any

import pytest
from hypothesis import given

from posture.cli.score.page import MAX_CONTROLS, ScoreReport, page
from posture.domain.findings import Severity
from posture.domain.scoring.failing_controls import FailingControl
from posture.domain.text import one_line
from posture.suppression.register import STATUS, RegisteredException, undocumented
from tests.support.examples import examples
from tests.support.hostile import acts, texts
from tests.support.html_page import Page, read_page

SCORE = {"score": 50, "passed": 1, "scored": 2}
NONE = {"score": None, "passed": None, "scored": None}


def document(text: str = "x", **changes: Any) -> dict[str, Any]:
    return {
        "account": "111122223333",
        "region": "eu-west-1",
        "method": "SecurityHub",
        "exactAt": "2026-11-30T00:00:00Z",
        **SCORE,
        "unsuppressedScore": 49,
        "controls": {"passed": 1, "failed": 1, "unknown": 0, "noData": 0, "disabled": 0},
        "findings": {
            "failed": {"critical": 1, "high": 0},
            **dict.fromkeys(("warning", "notAvailable", "passed", "suppressed", "disabled", "stale"), 0),
        },
        "standards": [{"standard": text, **SCORE}],
        "workloads": [{"standard": text, "workload": text, "environment": text, **SCORE}],
        "accounts": [{"standard": text, "account": "1", "accountName": text, **SCORE}],
        "silentAccounts": [text],
        "missingStandards": [],
        **changes,
    }


def control(name: str = "S3.1", title: str = "x", standard: str = "s") -> FailingControl:
    return FailingControl(name, title, Severity.HIGH, (standard, standard), 3, 2, 0)


def exception(text: str = "x", **changes: Any) -> RegisteredException:
    return undocumented("a/b", text, "suppressFindings")._replace(
        **{
            "control": text, "account": text, "region": text, "number": 2, "why": text, "approved_by": text,
            "state": "Active", "until": "2027-03-31T00:00:00Z", **changes,
        }
    )  # fmt: skip


def read(
    *,
    shown: dict[str, Any] | None = None,
    target: str = "security/organization",
    controls: tuple[FailingControl, ...] = (),
    exceptions: tuple[RegisteredException, ...] = (),
    notes: tuple[str, ...] = (),
) -> Page:
    found = read_page(page(ScoreReport(target, shown or document(), controls, exceptions, notes)))
    assert found.strange == []
    return found


@examples(200)
@given(texts)
def test_hostile_texts_are_text(text: str) -> None:
    html = page(
        ScoreReport(f"a/{text}", document(text), [control(text, text, text)], [exception(text)], [text])
    )
    assert acts(html) <= {"\n"}
    found = read_page(html)
    assert found.strange == []
    plain = read_page(page(ScoreReport("x", document(), [control("x", "x", "x")], [exception()], ["x"])))
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in plain.elements]
    (row,) = found.tables()["What to fix first"]
    assert row[2] == one_line(text)
    assert found.tables()["Exceptions"][0][4] == (one_line(text) or "none is written down")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=https://x.example/>', "</style>", "&amp;"]
)
def test_markup_is_shown_as_it_was_written(text: str) -> None:
    found = read(shown=document(text), exceptions=(exception(text),), notes=(text,))
    assert found.texts.count(text) >= 6


def test_nothing_is_fetched_or_run() -> None:
    html = page(ScoreReport("a/b", document(), [control()], [exception()], ["note"]))
    assert not re.search(r"(?i)https?:|//|url\(|@import|<(script|link|img|iframe|object|a)\b|\bon\w+=", html)
    assert "default-src 'none'" in html


def test_what_an_auditor_looks_for_is_there() -> None:
    found = read(
        controls=(control("S3.1", "Buckets should be private"),),
        exceptions=(
            exception("logs", control="S3.11", why="Retention is handled", approved_by="sec@example.com"),
            exception("", state="NoPolicy", why="", until=""),
            exception("off", what="disableControls", standard="cis", number=1, evidence=STATUS),
            exception("idle", number=0),
        ),
    )
    assert found.tables()["What to fix first"] == [
        ["S3.1", "high", "Buckets should be private", "3", "2", "1970-01-01", "ss"]
    ]
    documented, undone, off = found.tables()["Exceptions"]
    assert documented == [
        "S3.11", "logs", "logs", "2 findings suppressed", "Retention is handled", "sec@example.com", "logs",
        "Active", "2027-03-31",
    ]  # fmt: skip
    assert undone[4:] == ["none is written down", "", "none", "NoPolicy", "no end"]
    assert off[3] == "turned off in cis (as the policy's status says)"
    assert "50 %" in found.texts


def test_what_is_not_there_is_said_to_be_not_there() -> None:
    empty = {**document(unsuppressedScore=None, standards=[], workloads=[], accounts=[]), **NONE}
    found = read(shown=empty, target="")
    assert "no score" in found.texts
    assert "No control fails." in found.texts
    assert "Nothing is suppressed, and no policy turned a control off." in found.texts
    assert any("Policies are known in the cluster only" in text for text in found.texts)


def test_a_long_list_of_controls_is_cut_and_says_so() -> None:
    found = read(controls=tuple(control(f"S3.{n}") for n in range(MAX_CONTROLS + 2)))
    assert len(found.tables()["What to fix first"]) == MAX_CONTROLS
    assert "2 more controls fail." in found.texts
