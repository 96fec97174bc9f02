"""The plan of one rule, from what was surveyed, what the journal says and what was read live; its window."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from posture.api.schedule import Window
from posture.domain.remediation.journal import Journal
from posture.domain.remediation.plan import Plan, plan
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Circumstances, Opening, Seen
from posture.domain.time import datetime_of, instant_of, microseconds
from posture.remediation.survey import Surveyed


class Moment(NamedTuple):
    """When a plan is made, and what is known then beside the findings.

    `now`, `cycle_began`: µs; what was begun since the latter is counted by `limits.perCycle`. `journal`: of
    the rule's namespace, and of its resources in others.
    """

    now: int
    cycle_began: int
    journal: Journal


def plan_of(surveyed: Surveyed, moment: Moment, seen: Mapping[ResourceKey, Seen]) -> Plan:
    """Return the plan of a rule. It may take a second: not for the event loop's thread."""
    terms = surveyed.terms
    return plan(
        terms.rule,
        surveyed.candidates,
        Circumstances(
            now=moment.now,
            policies_read=surveyed.policies_read,
            why_not=terms.why_not,
            in_scope_since=surveyed.in_scope_since.get,
            journal=moment.journal,
            checked=surveyed.checked,
            window=None if terms.window is None else opening(terms.window, moment.now),
            seen=seen,
            cycle_began=moment.cycle_began,
        ),
    )


# Local times are ambiguous for as long as clocks are set back, which no zone does by more.
_SET_BACK = timedelta(hours=3)


def opening(window: Window, now: int) -> Opening:
    """Return until when a window is open, and when it opens next; `now` in µs.

    A moment at which it is due is one at which it is open. The schedule says when in local time, `duration`
    how long after that, whatever clocks are set to meanwhile.
    """
    moment = datetime_of(now).astimezone(ZoneInfo(window.time_zone))
    latest = next((each for each in _due(window, moment, reverse=True) if each <= now), None)
    ends = None if latest is None else latest + microseconds(window.duration)
    opens_at = next((each for each in _due(window, moment, reverse=False) if each > now), None)
    return Opening(ends if ends is not None and now < ends else None, opens_at)


def _due(window: Window, moment: datetime, *, reverse: bool) -> Iterator[int]:
    """Yield the moments (µs) at which a window opens, beginning some hours on the other side of a moment.

    cronsim goes by local times, and takes the second of two that are alike for the first.
    """
    start = moment.astimezone(UTC) + (_SET_BACK if reverse else -_SET_BACK)
    simulated = CronSim(window.schedule, start.astimezone(moment.tzinfo), reverse=reverse)
    try:
        for each in simulated:
            yield instant_of(each.astimezone(UTC))
    except CronSimError:
        return
