"""Publishing to outputs: what a target asks for, what it may still be said to have, and how that goes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from posture.api.conditions import ConditionStatus, find_condition, set_condition, without_condition
from posture.api.reasons.words import ReasonWord
from posture.api.targets.status import PUBLISHED, SCORE_CURRENT, PostureTargetStatus, PublishedOutput
from posture.domain.findings import SECURITY_HUB, product_named
from posture.domain.time import datetime_of, microseconds
from posture.kube.resources import Object
from posture.publish.reports import RestoredScores, Shown
from posture.publish.sink import Delivery, PublishedScope, PublishingTarget
from posture.reconcile.access import Admitted
from posture.reconcile.scope import account_filter


def publication_of(document: Object, admitted: Admitted) -> PublishingTarget:
    """Return where a target publishes, and how much, by its status as whoever works on it wrote it."""
    metadata, status = document["metadata"], document.get("status")
    told = status if isinstance(status, Mapping) else {}
    return PublishingTarget(
        metadata["uid"],
        metadata["namespace"],
        metadata["name"],
        tuple(each.output for each in admitted.target.spec.publish),
        _number(told, "standards"),
        _number(told, "workloads"),
        admitted.hub,
        _scope_of(admitted),
    )


def _scope_of(admitted: Admitted) -> PublishedScope:
    spec = admitted.target.spec
    source = spec.source.security_standards
    return PublishedScope(
        account_filter(admitted),
        frozenset(() if source is None else source.standards),
        frozenset(map(product_named, spec.products)) - {SECURITY_HUB},
    )


def _number(status: Mapping[str, Any], field: str) -> int:
    """Return how many entries a list of a status has, with those that it leaves out."""
    listed, omitted = status.get(field), status.get(f"{field}Omitted")
    return (len(listed) if isinstance(listed, list) else 0) + (omitted if isinstance(omitted, int) else 0)


def current_until(
    status: PostureTargetStatus, scores: Shown | RestoredScores | None, interval: timedelta
) -> int:
    """Return until when scores are current, in µs by the clock that dated them; 0 where they are not."""
    condition = find_condition(status.conditions, SCORE_CURRENT)
    if not isinstance(scores, Shown) or condition is None or condition.status is not ConditionStatus.TRUE:
        return 0
    return scores.exact_at + 2 * microseconds(interval)


def with_published(
    status: PostureTargetStatus, outputs: Sequence[str], deliveries: Sequence[Delivery], now: datetime
) -> PostureTargetStatus:
    """Return the status with how publishing to these outputs goes; nothing else depends on that."""
    before = {each.output: each.last_success_time for each in status.published}
    published = tuple(
        PublishedOutput(
            output=each.output,
            last_success_time=(
                before.get(each.output)
                if each.last_success is None
                else min(datetime_of(each.last_success), now.replace(microsecond=0))
            ),
            queued=each.queued,
            reason=None if each.trouble is None else each.trouble.reason,
        )
        for each in deliveries
    )
    if outputs:
        said = _condition(published, deliveries)
        conditions = set_condition(status.conditions, PUBLISHED, *said, now, status.observed_generation)
    else:
        conditions = without_condition(status.conditions, PUBLISHED)
    if conditions == status.conditions and published == status.published:
        return status
    return status.model_copy(update={"conditions": conditions, "published": published})


def _condition(
    published: Sequence[PublishedOutput], deliveries: Sequence[Delivery]
) -> tuple[ConditionStatus, ReasonWord, str]:
    troubles = [(each.output, each.trouble) for each in deliveries if each.trouble is not None]
    notes = [f"{each.output}: {each.note}" for each in deliveries if each.note]
    if troubles:
        said = [f"{output}: {trouble.message}" for output, trouble in troubles]
        return ConditionStatus.FALSE, troubles[0][1].reason, " ".join((*said, *notes))
    waiting = [each.output for each in published if each.last_success_time is None]
    if waiting:
        message = (
            f"Nothing has been sent yet to {', '.join(waiting)}: scores are when they are current, findings"
            " when they change."
        )
        return ConditionStatus.UNKNOWN, "NothingSent", " ".join((message, *notes))
    message = "The outputs of spec.publish take what they are sent; status.published says when they last did."
    return ConditionStatus.TRUE, "Published", " ".join((message, *notes))
