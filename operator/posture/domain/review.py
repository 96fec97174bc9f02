"""When people are to look at an exception again. Times and durations are microseconds."""

from posture.domain.suppression import Terms, is_active

_DAY = 24 * 60 * 60 * 1_000_000
EXPIRY_NOTICE = 14 * _DAY
IDLE = 7 * _DAY


def review_due_at(terms: Terms) -> int | None:
    """Return when the next review is due: an interval after the last one, or after the policy was made.

    None where no review is asked for.
    """
    if terms.review_interval is None:
        return None
    since = terms.created_at if terms.reviewed_at is None else terms.reviewed_at
    return since + terms.review_interval


def is_review_due(terms: Terms, now: int) -> bool:
    """Tell whether a review is due; what has expired needs none."""
    due = review_due_at(terms)
    return due is not None and now >= due and is_active(terms, now)


def expires_soon(terms: Terms, now: int) -> bool:
    """Tell whether a policy is to expire within the next 14 days."""
    return is_active(terms, now) and terms.expires_at - now <= EXPIRY_NOTICE


def is_idle(terms: Terms, now: int, last_matched: int | None) -> bool:
    """Tell whether a policy has matched nothing for a week.

    `last_matched`: when it last did; one that never did is given a week since it was made.
    """
    since = terms.created_at if last_matched is None else max(last_matched, terms.created_at)
    return is_active(terms, now) and now - since >= IDLE
