from dataclasses import replace

import pytest

from posture.domain.exceptions.policy import Terms, expires_soon, is_idle, is_review_due, review_due_at

DAY = 24 * 3600 * 1_000_000
TERMS = Terms("security/a", "Because it is so for now", "me", expires_at=100 * DAY, created_at=10 * DAY)


@pytest.mark.parametrize(
    ("interval", "reviewed_at", "due"),
    [(None, None, None), (None, 20 * DAY, None), (7 * DAY, None, 17 * DAY), (7 * DAY, 20 * DAY, 27 * DAY)],
)
def test_a_review_is_due_an_interval_after_the_last(
    interval: int | None, reviewed_at: int | None, due: int | None
) -> None:
    terms = replace(TERMS, review_interval=interval, reviewed_at=reviewed_at)
    assert review_due_at(terms) == due
    if due is None:
        assert not is_review_due(terms, 99 * DAY)
    else:
        assert not is_review_due(terms, due - 1)
        assert is_review_due(terms, due)


def test_what_has_expired_needs_no_review() -> None:
    terms = replace(TERMS, review_interval=DAY)
    assert is_review_due(terms, 100 * DAY - 1)
    assert not is_review_due(terms, 100 * DAY)


def test_an_expiry_is_announced_for_its_last_14_days() -> None:
    assert [expires_soon(TERMS, at) for at in (86 * DAY - 1, 86 * DAY, 100 * DAY - 1, 100 * DAY)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("last_matched", "idle_from"), [(None, 17), (2 * DAY, 17), (30 * DAY, 37)])
def test_a_policy_is_idle_a_week_after_it_last_matched(last_matched: int | None, idle_from: int) -> None:
    assert not is_idle(TERMS, idle_from * DAY - 1, last_matched)
    assert is_idle(TERMS, idle_from * DAY, last_matched)
    assert not is_idle(TERMS, 100 * DAY, last_matched)
