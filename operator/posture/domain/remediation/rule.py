"""A rule, and what is known around it, as far as its plan needs them. Times are integer microseconds."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from posture.domain.grants import Mode, NotGranted
from posture.domain.remediation.journal import Journal
from posture.domain.remediation.limits import Limits
from posture.domain.remediation.reasons import Outcome
from posture.domain.remediation.resources import ResourceKey

_DIGITS = 32


class OptOutTag(NamedTuple):
    """A tag that keeps a resource from being touched. No values: any value does."""

    key: str
    values: tuple[str, ...] = ()


class ActionSaid(NamedTuple):
    """What a rule wants done. `kind`: `builtin` or `ssmAutomation`; `version`: of the document."""

    kind: str
    name: str
    version: str = ""
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as far as its plan needs it. `opt_out`: its own tags, and those of the whole operator."""

    name: str
    uid: str
    action: ActionSaid
    role_name: str
    limits: Limits
    delay: int
    mode: Mode = Mode.DRY_RUN
    suspended: bool = False
    needs_approval: bool = False
    opt_out: tuple[OptOutTag, ...] = ()
    digest: str = ""
    """Of what it selects, spares and does; the same as long as that is the same."""

    @property
    def acts(self) -> bool:
        """Whether its plan is carried out; else it only tells what would happen."""
        return self.mode is Mode.ENFORCE and not self.suspended


class Opening(NamedTuple):
    """A rule's window now: open until a moment (None: closed), and when it opens next (None: not known)."""

    open_until: int | None
    opens_at: int | None = None


class Seen(NamedTuple):
    """What the live resource said. `verdict`: why nothing is to be done; None: it is still wrong.

    `writes`: the sub-writes that would put it right, each in words that say all of it, in no order.
    `managed_by`: what may put it back, as `managed_by` names it; empty: nothing that is known.
    """

    verdict: Outcome | None
    writes: tuple[str, ...] = ()
    managed_by: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known beside the candidates, for one rule.

    `policies_read`: all policies could be read. `why_not`: whether the grants let the action be done in an
    account, by its id. `in_scope_since`: since when a resource has been in scope without a break; None:
    unknown. `journal`: of the whole namespace. `checked`: resources that the rule's controls check in the
    target; None: unknown. `window`: None: the rule has none. `seen`: what has been read live. `cycle_began`:
    what was begun since then is counted by `limits.perCycle`; None: nothing was.
    """

    now: int
    policies_read: bool
    why_not: Callable[[str], NotGranted | None]
    in_scope_since: Callable[[ResourceKey], int | None]
    journal: Journal
    checked: int | None
    window: Opening | None = None
    seen: Mapping[ResourceKey, Seen] = field(default_factory=dict)
    cycle_began: int | None = None


def plan_hash(rule: Rule, resource: ResourceKey, writes: Iterable[str]) -> str:
    """Return what an approval must name: the same for the same rule, action, parameters, resource and writes.

    Limits, windows and findings are no part of it: they do not change what is done.
    """
    action = rule.action
    parameters = sorted((name, list(values)) for name, values in action.parameters)
    said = [rule.uid, rule.role_name, action.kind, action.name, action.version, parameters, list(resource)]
    return sha256(json.dumps([*said, sorted(writes)]).encode()).hexdigest()[:_DIGITS]


# Tags that services put on what they make (service user guides); in the order in which the first is told.
_MANAGERS = (
    ("aws:cloudformation:stack-name", "CloudFormation stack"),
    ("aws:autoscaling:groupName", "Auto Scaling group"),
    ("aws:ec2launchtemplate:id", "launch template"),
    ("eks:cluster-name", "EKS cluster"),
    ("aws:eks:cluster-name", "EKS cluster"),
    ("elasticbeanstalk:environment-name", "Elastic Beanstalk environment"),
    ("aws:ecs:clusterName", "ECS cluster"),
)


def managed_by(tags: Iterable[tuple[str, str]]) -> str:
    """Name what made a resource, and may set it back or make it anew: `CloudFormation stack shop`."""
    found = dict(tags)
    return next((f"{what} {found[key]}" for key, what in _MANAGERS if key in found), "")


def opting_out(tags: Iterable[tuple[str, str]], opt_out: Sequence[OptOutTag]) -> str:
    """Return the tag, as `key=value`, that keeps a resource from being touched; empty: none.

    Without case, and of all tags: AWS lets two keys differ in nothing but case.
    """
    wanted = [(each.key.casefold(), {value.casefold() for value in each.values}) for each in opt_out]
    for key, value in sorted(tags) if wanted else ():
        if any(key.casefold() == k and (not v or value.casefold() in v) for k, v in wanted):
            return f"{key}={value}"
    return ""
