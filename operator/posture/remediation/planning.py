"""The plan of one rule, from what was surveyed, what the journal says and what was read live; its window."""

from collections.abc import Mapping
from datetime import UTC
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


def opening(window: Window, now: int) -> Opening:
    """Return until when a window is open, and when it opens next; `now` in µs.

    A moment at which it is due is one at which it is open.
    """
    moment = datetime_of(now).astimezone(ZoneInfo(window.time_zone))
    try:
        # Backwards it leaves out the minute that has just begun.
        latest = next(CronSim(window.schedule, moment.replace(second=59), reverse=True))
    except (StopIteration, CronSimError):
        open_until = None
    else:
        ends = instant_of(latest.astimezone(UTC)) + microseconds(window.duration)
        open_until = ends if now < ends else None
    try:
        opens_at = instant_of(next(CronSim(window.schedule, moment)).astimezone(UTC))
    except (StopIteration, CronSimError):
        opens_at = None
    return Opening(open_until, opens_at)
