import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.exceptions import marks
from posture.domain.exceptions.marks import MAX_PAIRS, Mark, Note
from posture.domain.exceptions.notes import AUTHOR
from posture.domain.findings import Finding, Workflow
from tests.support.oracle.suppression import Record
from tests.support.oracle.suppression_histories import ONE
from tests.support.oracle.suppression_product import finding_of

MARK = Mark("prod-eu", "security/logs", Workflow.NOTIFIED)
_OTHERS = st.dictionaries(
    st.text(min_size=1, max_size=20).filter(lambda key: not key.startswith("posture.dev/")),
    st.text(min_size=1, max_size=20),
    max_size=MAX_PAIRS - 6,
)
_TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
_MARKS = st.builds(
    Mark,
    st.from_regex(r"[a-z]{1,9}", fullmatch=True),
    st.from_regex(r"[a-z]{1,9}/[a-z]{1,9}", fullmatch=True),
    st.sampled_from((Workflow.NEW, Workflow.NOTIFIED, Workflow.RESOLVED)),
    st.booleans(),
    st.one_of(st.none(), st.builds(Note, _TEXTS, st.text("ab", min_size=1, max_size=9))),
)


def pairs(**fields: str) -> marks.UserFields:
    return tuple(sorted((f"posture.dev/{key}".replace("_", "-"), value) for key, value in fields.items()))


def aws_has(before: marks.UserFields, written: marks.UserFields, *, merges: bool) -> dict[str, str]:
    return {**dict(before), **dict(written)} if merges else dict(written)


def others(fields: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in fields.items() if not key.startswith("posture.dev/")}


@given(_OTHERS, st.lists(st.one_of(_MARKS, st.none()), min_size=1, max_size=4), st.booleans(), st.booleans())
def test_marks_come_and_go_beside_other_peoples_pairs(
    there: dict[str, str], history: list[Mark | None], merges: bool, refuses_blanks: bool
) -> None:
    fields = tuple(sorted(there.items()))
    for mark in history:
        written = marks.unmarked(fields) if mark is None else marks.marked(fields, mark)
        assert written is not None
        if refuses_blanks:
            written = marks.spelled_out(written)
            assert all(value.strip() for key, value in written if key.startswith("posture.dev/"))
        has = aws_has(fields, written, merges=merges)
        assert others(has) == there
        assert len(has) <= MAX_PAIRS
        before, fields = dict(fields), tuple(sorted(has.items()))
        expected = mark
        if mark is not None and mark.note is None and "posture.dev/previous-note" in before:
            # As long as a finding bears our note, what is kept of the one before stays.
            kept = Note(before["posture.dev/previous-note"], before["posture.dev/previous-note-by"])
            expected = mark._replace(note=kept)
        assert marks.read_mark(fields) == expected
        assert expected is None or marks.is_complete(fields, expected)


def test_the_pairs_are_those_of_the_contract() -> None:
    assert marks.marked((("team", "x"),), MARK) == (
        ("posture.dev/owner", "prod-eu"),
        ("posture.dev/policy", "security/logs"),
        ("posture.dev/previous", "NOTIFIED"),
        ("team", "x"),
    )
    noted = marks.marked((), MARK._replace(note=Note('{"ticket": "SEC-482"}', "jira")))
    assert noted is not None
    assert {
        ("posture.dev/previous-note", '{"ticket": "SEC-482"}'),
        ("posture.dev/previous-note-by", "jira"),
    } < set(noted)
    assert marks.unmarked(noted) == pairs(owner="")
    assert marks.unmarked(noted, keeping_note=True) == pairs(
        owner="", previous_note='{"ticket": "SEC-482"}', previous_note_by="jira"
    )
    assert marks.unmarked((*pairs(owner="prod-eu", policy="a/b", previous="NEW"), ("team", "x"))) == (
        ("posture.dev/owner", ""),
        ("team", "x"),
    )


def test_whoever_has_no_owner_or_no_policy_is_unmarked() -> None:
    assert marks.read_mark(()) is None
    assert marks.read_mark((("team", "x"),)) is None
    for owner in ("", " ", "-"):
        assert marks.read_mark(pairs(owner=owner, policy="a/b", previous="NEW")) is None
    assert marks.read_mark(pairs(owner="prod-eu", previous="NEW")) is None
    assert marks.read_mark(pairs(policy="a/b", previous="NEW")) is None


def test_what_cannot_have_been_before_is_new() -> None:
    for previous in ("SUPPRESSED", "new", "", "OPEN"):
        mark = marks.read_mark(pairs(owner="o", policy="a/b", previous=previous))
        assert mark == Mark("o", "a/b", Workflow.NEW)
        assert not marks.is_complete(pairs(owner="o", policy="a/b", previous=previous), mark)


def test_a_policy_that_retains_no_longer_says_so_whether_or_not_pairs_can_be_removed() -> None:
    retained = marks.marked((), MARK._replace(retain=True))
    assert retained is not None
    assert ("posture.dev/deletion-policy", "Retain") in retained
    assert marks.read_mark(retained) == MARK._replace(retain=True)
    changed = marks.marked(retained, MARK)
    assert changed is not None
    for merges in (False, True):
        has = aws_has(retained, changed, merges=merges)
        assert marks.read_mark(tuple(sorted(has.items()))) == MARK


def test_a_full_map_is_not_marked_and_can_be_unmarked() -> None:
    def crowd(n: int) -> marks.UserFields:
        return tuple(sorted((f"key-{i:02}", "x") for i in range(n)))

    assert marks.marked(crowd(48), MARK) is None
    full = marks.marked(crowd(47), MARK)
    assert full is not None
    assert len(full) == MAX_PAIRS
    assert marks.marked(full, MARK._replace(policy="a/b")) is not None
    assert marks.marked(full, MARK._replace(retain=True)) is None
    assert marks.marked(full, MARK._replace(note=Note("theirs", "jira"))) is None
    assert len(marks.unmarked(full)) < MAX_PAIRS
    assert set(crowd(47)) < set(marks.unmarked(full))


def test_other_peoples_blanks_are_left_to_them() -> None:
    assert marks.spelled_out((("posture.dev/owner", ""), ("team", ""))) == (
        ("posture.dev/owner", "-"),
        ("team", ""),
    )


def noted(note: str, by: str, **kept: str) -> Finding:
    return finding_of(Record("0", "S3.1", ONE, note=note, by=by, fields=dict(pairs(**kept))))


KEPT = {"previous_note": "theirs", "previous_note_by": "jira"}


@pytest.mark.parametrize(
    ("finding", "before", "back"),
    [
        (noted("", ""), None, None),
        (noted("ours", AUTHOR), None, None),
        (noted("theirs", "jira"), Note("theirs", "jira"), None),
        (noted("ours", AUTHOR, **KEPT), Note("theirs", "jira"), Note("theirs", "jira")),
        (noted("newer", "alice", **KEPT), Note("newer", "alice"), None),
        (noted("theirs", ""), Note("theirs", "unknown"), None),
        (noted("ours", AUTHOR, previous_note="x"), Note("x", "unknown"), Note("x", "unknown")),
        (noted("ours", AUTHOR, previous_note="-" * 9), Note("-" * 9, "unknown"), Note("-" * 9, "unknown")),
        (noted("n" * 1025, "b" * 1025), Note("n" * 1023 + "…", "b" * 1023 + "…"), None),
        (
            noted("ours", AUTHOR, previous_note="n" * 513, previous_note_by="b"),
            Note("n" * 513, "b"),
            Note("n" * 511 + "…", "b"),
        ),
    ],
)
def test_the_note_of_others_is_kept_and_given_back(
    finding: Finding, before: Note | None, back: Note | None
) -> None:
    assert marks.note_before(finding) == before
    assert marks.given_back(finding) == back
