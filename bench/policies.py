"""How fast the findings that 100 policies select are found, and what a change of one policy costs.

A rate is of pairs, finding and policy: all of them, whether or not a side has to look at each. What is
compiled once is not in the time of any side.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import policies_beside
from bench.isolation import alone
from bench.policies_beside import NotInstalledError
from bench.policies_drawn import MIXED, PLACED, Rule, rules, selections
from bench.policies_held import NOW, Held, hold
from bench.policies_loop import Loop
from bench.row import Aim, Row
from bench.sides import Samples, cpu_seconds, in_turns, middle
from posture.domain.exceptions.declaration import Declaration, PolicyIdentity, Scope
from posture.domain.exceptions.policy import Phase, Policy, Terms
from posture.domain.exceptions.survey import survey
from posture.domain.findings import Check, RecordState, Workflow
from posture.domain.scoring.accounts import Group
from posture.domain.selection.selectors import Selection
from posture.domain.standards import Controls
from posture.sources.findings_view import FindingsView
from posture.store.sqlite.store import Store
from posture.suppression.findings.following import Following

_POLICIES = 100
_REPETITIONS = 5
_STORE_REPETITIONS = 3
_CHANGES = 3
_YEAR = 365 * 86_400 * 1_000_000
_POLL = 300 * 1_000_000
TARGET = "security/organization"
_PLACED, _PLACED_ALL, _PLACED_OPEN = "placed", "placed, loop over all", "placed, loop over open"
_MIXED, _MIXED_ALL, _MIXED_OPEN = "mixed", "mixed, loop over all", "mixed, loop over open"
_LIBRARY, _RULES = "library", "rules"
_ALL, _ONE, _CHANGED, _NOTHING = "all", "one", "changed", "nothing"
_UNIT = "pairs/s"
_LOOP = "a loop over compiled patterns"
_EXPECTED = Aim("ratio", ">=", 50)
Matched = Mapping[tuple[str, str], tuple[str, ...]]


class _Measured(NamedTuple):
    own: int
    open: int
    samples: Samples
    stored: Samples
    why_not: str | None


def measure(findings: int) -> list[Row]:
    """Match in memory, beside the loop and the library, whose results must be ours; then from a store."""
    measured = alone(_sample, findings)
    rate = middle(measured.samples)
    of = f"{_POLICIES} policies, {measured.own:,} findings of Security Hub"
    of_open = f"{_POLICIES} policies, the {measured.open:,} open ones"
    share = measured.open / measured.own
    library = "awsfindingsmanagerlib 1.5"
    rows = []
    samples = measured.samples
    for kind, ours, over_all, over_open in (
        ("each of named controls", _PLACED, _PLACED_ALL, _PLACED_OPEN),
        ("a tenth of them of any control", _MIXED, _MIXED_ALL, _MIXED_OPEN),
    ):
        of_each = tuple(each / share for each in samples[ours])
        rows += [
            _row(f"Matching: {of}, {kind}", of_each, rate[over_all], _LOOP, _EXPECTED),
            _row(f"The same: {of_open}", samples[ours], rate[over_open], f"{_LOOP}, of these alone", None),
        ]
    why_not = f" (which was not installed: {measured.why_not})" if measured.why_not else ""
    aim = None if measured.why_not else _EXPECTED
    what = f"Matching: {of_open}, rules that {library} has too{why_not}"
    rows.append(_row(what, samples[_RULES], rate.get(_LIBRARY), library, aim))
    return [*rows, *_stored_rows(of, measured.stored)]


def _row(what: str, ours: Sequence[float], beside: float | None, beside_is: str, aim: Aim | None) -> Row:
    return Row("policies", what, _UNIT, median(ours), beside, beside_is, aim, tuple(ours))


def _stored_rows(of: str, stored: Samples) -> list[Row]:
    cpu = middle(stored)
    return [
        Row(
            measure="policies",
            what=f"{what}, from the store",
            unit="s",
            ours=cpu[side],
            beside=None if side == _ALL else cpu[_ALL],
            beside_is="all surveyed",
            samples=tuple(stored[side]),
        )
        for side, what in (
            (_ALL, f"CPU of a plan, everything surveyed: {of}"),
            (_ONE, f"CPU of a plan, one of {_POLICIES} policies changed"),
            (_CHANGED, "CPU of a plan, 1 % of the cells changed"),
            (_NOTHING, "CPU of a plan, nothing changed"),
        )
    ]


def _sample(findings: int) -> _Measured:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        store = Store.open(Path(directory) / "hub.sqlite", owner="bench").store
        held = hold(findings, store)
        placed, mixed = (
            selections(_POLICIES, held.open, held.groups, kinds=kinds) for kinds in (PLACED, MIXED)
        )
        spelled = {c.upper(): c for c in (each["Compliance"]["SecurityControlId"] for each in held.raw)}
        known_to_both = [each for each in held.open if each.check.control in spelled]
        shared = rules(_POLICIES, known_to_both, spelled)
        for drawn in (placed, mixed):
            _compare(held, drawn)
        sides = {
            _PLACED: partial(_ours, held, placed),
            _PLACED_ALL: partial(_loop, held, placed, everything=True),
            _PLACED_OPEN: partial(_loop, held, placed, everything=False),
            _MIXED: partial(_ours, held, mixed),
            _MIXED_ALL: partial(_loop, held, mixed, everything=True),
            _MIXED_OPEN: partial(_loop, held, mixed, everything=False),
            _RULES: partial(_ours, held, {name: rule.selection for name, rule in shared.items()}),
        }
        why_not = None
        try:
            python = policies_beside.install()
        except NotInstalledError as error:
            why_not = str(error)
        else:
            sides[_LIBRARY] = partial(_library, python, Path(directory), held, shared)
        samples = in_turns(sides, _REPETITIONS)
        stored = _stored(store, held, placed)
        store.close()
    return _Measured(held.own, len(held.open), samples, stored, why_not)


def declaration(
    drawn: Mapping[str, Selection], groups: Mapping[str, Group], changed: Collection[str] = ()
) -> Declaration:
    """Declare policies that select this, of one target; those of `changed` in fewer Regions."""
    return Declaration(
        [_policy(name, selection, changed=name in changed) for name, selection in drawn.items()],
        {TARGET: Scope(_covers, _CONTROLS, groups)},
        identity=PolicyIdentity("bench"),
        may_write=_may_write,
    )


def _policy(name: str, selection: Selection, *, changed: bool) -> Policy:
    terms = Terms(
        policy=name,
        justification="Accepted until the platform is replaced",
        approved_by="security@example.com",
        expires_at=NOW + _YEAR,
        created_at=NOW,
    )
    policy = Policy(terms, Phase.ENFORCING, TARGET, selection, max_findings=1_000_000)
    if not changed:
        return policy
    regions = tuple(each._replace(regions=("eu-*",)) for each in selection.match)
    return replace(policy, selection=selection._replace(match=regions))


_CONTROLS = Controls({})


def _covers(check: Check, account_id: str) -> bool:
    return check.source is not None and account_id != ""


def _may_write(namespace: str, account_id: str) -> bool:
    return namespace != account_id


def _matched(held: Held, declaration: Declaration) -> Matched:
    """Return the policies that select each finding, looking where there is anything to be selected."""
    found = {}
    for findings, selecting in declaration.places(held.cells):
        for finding in findings:
            if names := selecting(finding):
                found[finding.product_arn, finding.id] = names
    return found


def _compare(held: Held, drawn: Mapping[str, Selection]) -> None:
    """Raise RuntimeError unless the loop selects what the operator does, and the survey counts the same."""
    declared = declaration(drawn, held.groups)
    ours, looped = _matched(held, declared), Loop(drawn, held.groups)(held.open)
    if ours != looped:
        raise RuntimeError("the loop selects other findings than the operator")
    surveyed = survey(held.open, declared)
    claims = {(each.finding.product_arn, each.finding.id): each.claims for each in surveyed.cases}
    suppressed = {(each.product_arn, each.id) for each in held.open if each.workflow is Workflow.SUPPRESSED}
    if Counter(chain.from_iterable(looped.values())) != {
        name: tally.matched for name, tally in surveyed.tallies.items()
    } or claims != {finding: names for finding, names in looped.items() if finding not in suppressed}:
        raise RuntimeError("the survey counts what the loop does not select")


def _ours(held: Held, drawn: Mapping[str, Selection]) -> float:
    declared = declaration(drawn, held.groups)
    return len(held.open) * len(drawn) / cpu_seconds(lambda: _matched(held, declared))


def _loop(held: Held, drawn: Mapping[str, Selection], *, everything: bool) -> float:
    loop, findings = Loop(drawn, held.groups), held.sample if everything else held.open
    return len(findings) * len(drawn) / cpu_seconds(lambda: loop(findings))


def _library(python: Path, directory: Path, held: Held, shared: Mapping[str, Rule]) -> float:
    """Match what is held raw; raises RuntimeError unless the library selects the same as the operator."""
    listed, documents = directory / "rules.yaml", directory / "findings.json"
    listed.write_text(
        json.dumps(
            {
                "Rules": [
                    {"note": name, "action": "SUPPRESSED", "match_on": rule.match_on}
                    for name, rule in shared.items()
                ]
            }
        )
    )
    documents.write_text(json.dumps(held.raw))
    seconds, matched = policies_beside.run(python, listed, documents)
    drawn = {name: rule.selection for name, rule in shared.items()}
    matched_by_us = _matched(held, declaration(drawn, held.groups))
    for each in held.raw:
        ours = matched_by_us.get((each["ProductArn"], each["Id"]), ())
        # It tells one rule of those that match, and does not look at what is suppressed already.
        theirs = matched.get(each["Id"])
        if each["Workflow"]["Status"] != "SUPPRESSED" and (theirs not in ours if ours else theirs):
            raise RuntimeError(f"awsfindingsmanagerlib selects by {theirs}, the operator by {ours}")
    return len(held.raw) * len(shared) / seconds


def _stored(store: Store, held: Held, drawn: Mapping[str, Selection]) -> Samples:
    """Plan from the store: all anew, one policy changed, some cells changed, nothing changed."""
    findings_view = FindingsView(store)
    following = Following(findings_view)
    turns = count()
    names = list(drawn)
    cells = [row.key for row in store.cells(None, cutoff=0)]

    def planned(changed: Collection[str] = ()) -> None:
        following.plan(declaration(drawn, held.groups, changed), NOW, _POLL)

    def everything() -> float:
        nonlocal following
        following = Following(findings_view)
        return cpu_seconds(planned)

    def one() -> float:
        seconds = 0.0
        for _ in range(_CHANGES):
            changed = names[(next(turns) * 7) % len(names)]
            # Changed, and changed back: two plans.
            for each in ((changed,), ()):
                seconds += cpu_seconds(partial(planned, each))
        return seconds / _CHANGES / 2

    def changed_cells() -> float:
        some = set(cells[next(turns) % 100 :: 100])
        findings_view.changed = {RecordState.ACTIVE: some, RecordState.ARCHIVED: set()}
        return cpu_seconds(planned)

    def nothing() -> float:
        return cpu_seconds(planned)

    sides = {_ALL: everything, _ONE: one, _CHANGED: changed_cells, _NOTHING: nothing}
    return in_turns(sides, _STORE_REPETITIONS)
