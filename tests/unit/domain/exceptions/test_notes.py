import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.exceptions.notes import MAX_NOTE, reopening_note, suppression_note
from posture.domain.exceptions.policy import Release, Terms

END = 1_806_451_200_000_000  # 2027-03-31T00:00:00Z
WHY = "Retention is handled by lifecycle policies"
POLICY = "n" * 63 + "/" + "p" * 63


def terms(
    *,
    why: str = WHY,
    approver: str = "security@example.com",
    reference: str = "",
    policy: str = "security/s3",
) -> Terms:
    return Terms(policy, why, approver, END, 0, reference)


def test_it_says_policy_end_approver_reference_and_why() -> None:
    assert suppression_note(terms(reference="SEC-2024-03")) == (
        "Suppressed by policy security/s3 until 2027-03-31T00:00:00Z, approved by security@example.com,"
        " reference SEC-2024-03: Retention is handled by lifecycle policies"
    )
    assert "reference" not in suppression_note(terms())
    assert "reference" not in suppression_note(terms(reference=" \n"))


@pytest.mark.parametrize("letter", ["w", "é", "安", "🛡", "👩‍👩‍👧‍👦"])
@pytest.mark.parametrize("referred", [0, 100])
@pytest.mark.parametrize("policy", ["a/b", POLICY])
def test_all_but_the_justification_is_whole_at_every_greatest_length(
    letter: str, referred: int, policy: str
) -> None:
    approver, reference, why = ((letter * n)[:n] for n in (100, referred, 250))
    note = suppression_note(terms(why=why, approver=approver, reference=reference, policy=policy))
    assert len(note) <= MAX_NOTE
    assert all(part in note for part in (policy, approver, reference, "2027-03-31T00:00:00Z"))
    if note.endswith("…"):
        assert len(note) == MAX_NOTE
        said = note.partition("Z, ")[2].partition(": ")[2][:-1]
        assert len(said) > 100
        assert why.startswith(said)
    else:
        assert note.endswith(why)


def test_exactly_what_fits_is_not_shortened() -> None:
    head = len(suppression_note(terms(why="", policy=POLICY))) + 1
    fits = "w" * (MAX_NOTE - head)
    assert suppression_note(terms(why=fits, policy=POLICY)).endswith(": " + fits)
    assert suppression_note(terms(why=fits + "x", policy=POLICY)).endswith("w…")


@given(*(st.text(max_size=260),) * 4)
def test_any_text_gives_one_line_that_aws_takes(why: str, approver: str, reference: str, policy: str) -> None:
    note = suppression_note(terms(why=why, approver=approver, reference=reference, policy=f"a/{policy}"))
    assert 1 <= len(note) <= MAX_NOTE
    note.encode()
    if policy.isprintable():
        # NonEmptyString of the API's model, where a dot is no line break.
        assert re.fullmatch(r".*\S.*", note)
        assert len(note.splitlines()) == 1


def test_line_breaks_and_controls_become_spaces() -> None:
    note = suppression_note(terms(why="one\r\ntwo\t\x00three\u2028four\ud800five", approver="a\nb"))
    assert note.endswith("approved by a b: one two three four five")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (END + 999_999, "until 2027-03-31T00:00:00Z,"),
        (-62_135_596_800_000_000, "until 0001-01-01T00:00:00Z,"),
        (253_402_350_000_000_000, "until 9999-12-31T23:59:59Z,"),
        (-(10**18), "until 0001-01-01T00:00:00Z,"),
    ],
)
def test_any_end_can_be_said(end: int, said: str) -> None:
    assert said in suppression_note(Terms("a/b", WHY, "me", end, 0))


@pytest.mark.parametrize("release", Release)
def test_reopening_says_which_policy_and_why(release: Release) -> None:
    note = reopening_note(POLICY, release)
    assert POLICY in note
    assert len(note) <= MAX_NOTE
    assert note not in {reopening_note(POLICY, other) for other in Release} - {note}


def test_reopening_tells_the_reasons_apart() -> None:
    notes = {reopening_note("a/b", release) for release in Release}
    assert len(notes) == len(Release) - 1  # deleted, and deleted but retained
    assert reopening_note("a/b", Release.EXPIRED) == "No longer suppressed by policy a/b: it has expired"
