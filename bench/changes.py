"""What follows from little that changed, beside everything there is: a poll's caches, plans, effects.

CPU of the hub's thread, without a cloud: what a poll asks for is another measure.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

from bench.isolation import alone
from bench.lag import lag_meanwhile
from bench.pages import pages
from bench.row import Aim, Row
from bench.sides import Samples, cpu_seconds, in_turns, middle
from posture.api.targets.kind import ScoringMethod
from posture.aws.securityhub.wire import FindingsPage, decode_page
from posture.domain.exceptions import marks
from posture.domain.exceptions.control_status import Record
from posture.domain.exceptions.declaration import Declaration, PolicyIdentity, Scope
from posture.domain.exceptions.marks import Mark
from posture.domain.exceptions.policy import Phase, Policy, Terms
from posture.domain.findings import Check, Compliance, Finding, RecordState, Workflow
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls, ControlStatus
from posture.domain.time import microseconds
from posture.reconcile.scope import TargetScope
from posture.sources.findings_view import FindingsView
from posture.store.sqlite.store import Store
from posture.suppression.effect import control_effects
from posture.suppression.findings.following import Following

_LARGEST = 200_000
_PART = 10
_CHANGED = 100
_POLICIES = 100
_REPETITIONS = 5
_TURNS = 2
_TARGET, _POLICY = "security/organization", "security/accepted"
_MARK = Mark("bench", _POLICY, Workflow.NEW)
_WINDOW = timedelta(hours=30)
_POLL = 300 * 1_000_000
_FEW, _MANY, _STILL = "few", "many", "still"
_ANEW, _SAME, _SOME = "anew", "same", "some"
_WHOLE, _ONE, _ALL = "whole", "one", "all"


class _Measured(NamedTuple):
    archived: int
    caches: Samples
    plans: Samples
    effects: Samples
    lags: tuple[float, ...]


def measure(findings: int) -> list[Row]:
    """Measure at this size, 200,000 at most, beside a tenth of it, or beside looking at everything."""
    size = min(findings, _LARGEST)
    measured = alone(_sample, size)
    stored = f"{_CHANGED} changed findings stored and the cell cache moved"
    archived = f"plan with {measured.archived:,} archived findings that bear our mark"
    evaluated = "one evaluation of the target"
    return [
        _row(f"{stored}, of {size:,}", measured.caches, _MANY, _FEW, f"of {size // _PART:,}"),
        _row("the cache moved, nothing changed", measured.caches, _STILL, _MANY, f"{_CHANGED} changed"),
        _row(f"{archived}, nothing changed", measured.plans, _SAME, _ANEW, "all surveyed"),
        _row(f"the same, {_CHANGED} of them changed", measured.plans, _SOME, _ANEW, "all surveyed"),
        _row("effect of a policy that turns a control off", measured.effects, _ONE, _WHOLE, evaluated),
        _row(f"effects of {_POLICIES} such policies", measured.effects, _ALL, _WHOLE, evaluated),
        Row(
            measure="changes",
            what=f"Hold-up of the event loop when all of {size:,} changed: cache and plan, the worst",
            unit="ms",
            ours=max(measured.lags) * 1000,
            aim=Aim("ours", "<=", 50),
            samples=tuple(lag * 1000 for lag in measured.lags),
        ),
    ]


def _row(what: str, samples: Samples, side: str, beside: str, beside_is: str) -> Row:
    cpu = middle(samples)
    return Row(
        "changes", f"CPU, {what}", "s", cpu[side], cpu[beside], beside_is, samples=tuple(samples[side])
    )


@dataclass
class _Hub:
    """What is known of a hub. `now`: of its poll, µs; `some`: findings that change at each."""

    findings: FindingsView
    now: int = 0
    some: list[Finding] = field(default_factory=list)

    def take(self, findings: Sequence[Finding]) -> None:
        """Take a page that was asked for now."""
        products = {each.check.product for each in findings}
        self.findings.take([FindingsPage([*findings], [], [], None, self.now, None, 0.0)], products)

    def publish(self) -> None:
        """End a poll."""
        self.findings.publish(self.now, [microseconds(_WINDOW)], {})

    def changed(self) -> None:
        """Poll once some findings changed; they fail, or pass, in turns."""
        self.now += 1
        other = {Compliance.FAILED: Compliance.PASSED, Compliance.PASSED: Compliance.FAILED}
        self.some = [
            each._replace(updated_at=self.now, compliance=other.get(each.compliance, Compliance.FAILED))
            for each in self.some
        ]
        self.take(self.some)
        self.publish()

    def still(self) -> None:
        """Poll once nothing changed."""
        self.now += 1
        self.publish()


@contextmanager
def _hub(size: int) -> Iterator[_Hub]:
    """Store so many findings of the simulated organization."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        store = Store.open(Path(directory) / "hub.sqlite", owner="bench").store
        hub = _Hub(FindingsView(store))
        for page in map(decode_page, pages(size)):
            hub.now = max([hub.now, *(each.updated_at for each in page.findings)])
            hub.take(page.findings)
        own = (each for each in _all(size) if each.check.source)
        hub.some = [*islice(own, 0, None, max(1, size // (2 * _CHANGED)))][:_CHANGED]
        hub.publish()
        yield hub
        store.close()


def _sample(size: int) -> _Measured:
    with _hub(size // _PART) as small, _hub(size) as large:
        sides = {_FEW: small.changed, _MANY: large.changed, _STILL: large.still}
        caches = in_turns({name: partial(cpu_seconds, poll) for name, poll in sides.items()}, _REPETITIONS)
        shown = _effects(large.findings)
        archived, plans = _plans(large, size)
        lags = tuple(asyncio.run(_all_changed(large, size)) for _ in range(_TURNS))
    return _Measured(archived, caches, plans, shown, lags)


async def _all_changed(hub: _Hub, size: int) -> float:
    """Move the cell cache and plan when every finding has changed, in another thread as the hub does it.

    Returns the worst lag of the event loop meanwhile that the process itself can have caused, in seconds.
    """
    following = Following(hub.findings)
    declaration = _declaration(_view([each for each in hub.findings.rows.checks() if each.source]), "*")
    following.plan(declaration, hub.now, _POLL)
    hub.now += 1
    for page in map(decode_page, pages(size)):
        hub.take([each._replace(updated_at=hub.now) for each in page.findings])
    async with lag_meanwhile() as lags:
        await asyncio.to_thread(hub.publish)
        await asyncio.to_thread(following.plan, declaration, hub.now, _POLL)
    return max(lags.own)


def _view(checks: Sequence[Check]) -> View:
    standards = {standard for check in checks for standard in check.standards}
    return View(tuple(sorted(standards)), Controls({}), AccountFilter(), Grouping(), ("", ""))


def _effects(findings: FindingsView) -> Samples:
    """Reckon the effects of policies that each turn one control off, in one account and Region."""
    checks = [each for each in findings.rows.checks() if each.source and each.control]
    view, (accounts, regions) = _view(checks), findings.rows.places()
    pairs = sorted({pair for check in checks for pair in view.controls.pairs_of(check)})
    sight = TargetScope(view, ScoringMethod.SECURITY_HUB, _WINDOW, Scope(view.covers, view.controls, {}))
    records: Mapping[str, Record] = {
        f"security/off-{number}": {
            TurnedOff(*pairs[number % len(pairs)], accounts[number % len(accounts)], regions[0]): (
                ControlStatus.FAILED
            )
        }
        for number in range(_POLICIES)
    }

    def reckoned(policies: int) -> float:
        some = dict(islice(records.items(), policies))
        return cpu_seconds(partial(control_effects, findings, dict.fromkeys(some, sight), some))

    def whole() -> float:
        return cpu_seconds(partial(findings.evaluate, view, microseconds(_WINDOW)))

    sides: dict[str, Callable[[], float]] = {
        _WHOLE: whole,
        _ONE: partial(reckoned, 1),
        _ALL: partial(reckoned, _POLICIES),
    }
    return in_turns(sides, _REPETITIONS)


def _plans(hub: _Hub, size: int) -> tuple[int, Samples]:
    """Plan for a frozen policy, which holds what it suppressed, in a hub where all of that is archived."""
    archived = [_archived(each) for each in islice(_all(size), 0, None, _PART) if each.check.source]
    hub.take(archived)
    declaration = _declaration(_view([]))
    following, turns = Following(hub.findings), count(1)

    def planned() -> float:
        return cpu_seconds(partial(following.plan, declaration, hub.now, _POLL))

    def anew() -> float:
        nonlocal following
        following = Following(hub.findings)
        return planned()

    def some() -> float:
        turn = next(turns)
        hub.now += 1
        every = max(1, len(archived) // _CHANGED)
        changed = islice(archived, turn % every, None, every)
        hub.take([each._replace(updated_at=hub.now, note=f"Turn {turn}") for each in changed])
        return planned()

    return len(archived), in_turns({_ANEW: anew, _SOME: some, _SAME: planned}, _REPETITIONS)


def _all(size: int) -> Iterator[Finding]:
    for page in map(decode_page, pages(size)):
        yield from page.findings


def _archived(finding: Finding) -> Finding:
    return finding._replace(
        id=f"{finding.id}/archived",
        record_state=RecordState.ARCHIVED,
        workflow=Workflow.SUPPRESSED,
        user_fields=marks.marked((), _MARK) or (),
    )


def _declaration(view: View, controls: str = "NONE.1") -> Declaration:
    terms = Terms(_POLICY, "Accepted until the platform is replaced", "security@example.com", 2**62, 0)
    policy = Policy(terms, Phase.FROZEN, _TARGET, Selection((Selector(controls=(controls,)),)), 1_000)
    scope = Scope(view.covers, view.controls, {})
    return Declaration([policy], {_TARGET: scope}, identity=PolicyIdentity(_MARK.owner), may_write=_anywhere)


def _anywhere(namespace: str, account_id: str) -> bool:
    return namespace != account_id
