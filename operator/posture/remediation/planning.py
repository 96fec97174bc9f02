"""The plan of one rule, from what was surveyed, what the journal says and what was read live."""

from collections.abc import Mapping
from typing import NamedTuple

from posture.domain.remediation.journal import Journal
from posture.domain.remediation.plan import Plan, plan
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Circumstances, Seen
from posture.remediation.survey import Surveyed
from posture.remediation.window import opening


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
