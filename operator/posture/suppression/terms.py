"""The terms that a SuppressionPolicy stands on, from its object; also where its spec cannot be read."""

from datetime import datetime, timedelta

from posture.api.conditions import Trouble
from posture.api.suppression_policy import DeletionPolicy, SuppressionPolicySpec
from posture.domain.exceptions.policy import NEVER, Expiring, Terms, is_too_long
from posture.domain.time import instant_of, microseconds
from posture.kube.resources import Object

_MICROSECOND = timedelta(microseconds=1)


def terms_of(policy: str, document: Object, spec: SuppressionPolicySpec, deleted: int | None) -> Terms:
    """Return the terms of a policy (namespace/name); `deleted`: when its deletion was asked for, µs."""
    metadata = document["metadata"]
    review = spec.review
    return Terms(
        policy=policy,
        justification=spec.justification,
        approved_by=spec.approved_by,
        expires_at=instant_of(spec.expires_at),
        created_at=instant_of(datetime.fromisoformat(metadata["creationTimestamp"])),
        reference=spec.reference or "",
        mode=spec.mode,
        suspended=spec.suspend,
        deleted_at=deleted,
        retain=spec.deletion_policy is DeletionPolicy.RETAIN,
        review_interval=None if review is None else review.interval // _MICROSECOND,
        reviewed_at=instant_of(review.reviewed_at) if review and review.reviewed_at else None,
    )


def terms_made_out(policy: str, document: Object, deleted: int | None) -> Terms:
    """Return how a policy ends whose spec cannot be read as a whole: a newer version may have written it.

    An end that cannot be made out never comes; its deletion always ends it.
    """
    spec, metadata = document.get("spec") or {}, document["metadata"]
    return Terms(
        policy=policy,
        justification="",
        approved_by="",
        expires_at=_instant_made_out(spec.get("expiresAt")),
        created_at=instant_of(datetime.fromisoformat(metadata["creationTimestamp"])),
        deleted_at=deleted,
        retain=spec.get("deletionPolicy") == DeletionPolicy.RETAIN,
    )


def _instant_made_out(text: object) -> int:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return NEVER
    return NEVER if moment is None or moment.tzinfo is None else instant_of(moment)


def ends_too_late(policy: Expiring, now: int, longest: timedelta) -> Trouble | None:
    """Say what is wrong with a policy's end at a moment (µs); None: nothing. `longest`: as configured."""
    if not is_too_long(policy, now, microseconds(longest)):
        return None
    return Trouble(
        "ExpiresTooLate",
        "spec.expiresAt is further away than the operator's configuration allows (maxSuppressionAge:"
        f" {longest.total_seconds() / 3600:g}h): write an earlier time.",
    )
