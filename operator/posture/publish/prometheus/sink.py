"""Prometheus as an output: scores are rendered once for each evaluation, the rest when it changes."""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from posture.kube.leadership import Leading
from posture.kube.resources import POSTURE_TARGETS
from posture.publish.prometheus.exposition import Exposition, RenderedText, Samples, rendered
from posture.publish.prometheus.families import Family
from posture.publish.prometheus.samples import condition_samples, policy_samples, rule_samples
from posture.publish.prometheus.target_samples import (
    control_samples,
    cost_samples,
    drop_samples,
    evaluation_samples,
    info_samples,
    insight_samples,
    objective_samples,
    overdue_samples,
    restored_samples,
    setup_samples,
    timestamp_samples,
)
from posture.publish.reports import (
    ObjectReport,
    PolicyReport,
    RestoredScores,
    RuleReport,
    Shown,
    TargetReport,
)
from posture.publish.sink import Sink


class PrometheusSink(Sink):
    """Puts reports on the metrics page; `leading` is asked at each scrape."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._targets: dict[str, _TargetPage] = {}

    async def show_target(self, uid: str, report: TargetReport, leading: Leading) -> None:
        """Show a target, its scores and their time at one stroke; `uid`: its object's."""
        await self._targets.setdefault(uid, _TargetPage(self._exposition, uid)).show(report, leading)

    def withdraw_target(self, uid: str) -> None:
        """Show nothing of a target any more."""
        page = self._targets.pop(uid, None)
        if page is not None:
            page.withdraw()

    def show_policies(self, owner: Hashable, reports: Sequence[PolicyReport], leading: Leading) -> None:
        """Show the policies of one owner, and no others of it."""
        self._exposition.publish(owner, rendered(policy_samples(reports)), leading)

    def show_rules(self, owner: Hashable, reports: Sequence[RuleReport], leading: Leading) -> None:
        """Show the rules of one owner, and no others of it."""
        self._exposition.publish(owner, rendered(rule_samples(reports)), leading)

    def show_object(self, owner: Hashable, report: ObjectReport, leading: Leading) -> None:
        """Show the conditions of one object."""
        self._exposition.publish(owner, rendered(condition_samples(report)), leading)

    def withdraw(self, owner: Hashable) -> None:
        """Show nothing any more of what an owner of policies, rules or an object told."""
        self._exposition.withdraw(owner)

    def shows(self, owner: Hashable) -> bool:
        """Tell whether anything is shown that this owner told."""
        return self._exposition.shows(owner)


class _Maker(NamedTuple):
    """Makes the samples of scores; the same `identity` makes the same."""

    identity: tuple[object, ...]
    make: Callable[[], Samples]


class _TargetPage:
    """What the page shows of one target."""

    def __init__(self, exposition: Exposition, uid: str) -> None:
        self._exposition = exposition
        self._scores, self._state = ("target scores", uid), ("target state", uid)
        self._rendered: tuple[object, ...] | None = None
        self._lines: Mapping[Family, RenderedText] = {}

    async def show(self, report: TargetReport, leading: Leading) -> None:
        """Publish conditions, objectives and scores: a scrape never sees scores beside an older timestamp."""
        own, scores = (report.namespace, report.name), report.scores
        state: Samples = condition_samples(ObjectReport(POSTURE_TARGETS.kind, *own, report.conditions))
        if report.objectives is not None:
            state = {**state, **objective_samples(*own, report.objectives)}
        if report.drop is not None:
            state = {**state, **drop_samples(*own, report.drop)}
        if report.setup:
            state = {**state, **setup_samples(*own, report.setup)}
        if report.hub is not None:
            state = {**state, **info_samples(*own, report.hub)}
        if report.cost is not None:
            state = {**state, **cost_samples(*own, report.cost)}
        if report.insights:
            state = {**state, **insight_samples(*own, report.insights)}
        made = None
        if scores is not None:
            state = {**state, **timestamp_samples(*own, scores.exact_at)}
            made = _maker(own, scores, per_control=report.per_control)
        lines: Mapping[Family, RenderedText] = {}
        if made is not None:
            lines = self._lines
            if not _same(self._rendered, made.identity):
                lines = await asyncio.to_thread(_rendered, made.make)
        state_lines = await asyncio.to_thread(rendered, state)
        self._rendered, self._lines = None if made is None else made.identity, lines
        # Also where they are the same: what said no for a moment was withdrawn, and `leading` may be new.
        self._exposition.publish(self._scores, lines, leading)
        self._exposition.publish(self._state, state_lines, leading)

    def withdraw(self) -> None:
        self._exposition.withdraw(self._scores)
        self._exposition.withdraw(self._state)
        self._rendered, self._lines = None, {}


def _maker(own: tuple[str, str], scores: Shown | RestoredScores, *, per_control: bool) -> _Maker:
    if isinstance(scores, Shown):
        make = partial(_samples, own, scores, per_control=per_control)
        identity = (scores.evaluation, scores.overdue, scores.failed, scores.pooled, per_control)
        return _Maker(identity, make)
    return _Maker((scores,), partial(restored_samples, *own, scores))


def _samples(own: tuple[str, str], shown: Shown, *, per_control: bool) -> Samples:
    samples = evaluation_samples(*own, shown.evaluation, pooled=shown.pooled, per_control=per_control)
    if shown.overdue is not None:
        samples |= overdue_samples(*own, shown.overdue)
    if shown.failed is not None and per_control:
        samples |= control_samples(*own, shown.failed)
    return samples


def _rendered(make: Callable[[], Samples]) -> Mapping[Family, RenderedText]:
    return rendered(make())


def _same(known: tuple[object, ...] | None, identity: tuple[object, ...]) -> bool:
    # An evaluation is told by identity: comparing the numbers of a large one costs as much as rendering it.
    if known is None or len(known) != len(identity):
        return False
    return known[0] is identity[0] and known[1:] == identity[1:]
