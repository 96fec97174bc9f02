"""How fast the findings that 100 policies select are found, and what a change of one policy costs.

The findings are those of the simulated organization that Security Hub itself made and that did not pass: no
other needs an exception, and the store gives no other to a survey. A rate is of pairs, finding and policy:
all of them, whether or not a side has to look at each. What ours declares and narrows is in its time.
"""

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

from bench import policies_beside
from bench.isolation import alone
from bench.pages import pages
from bench.policies_beside import NotInstalledError
from bench.policies_drawn import MIXED, PLACED, Rule, rules, selections
from bench.policies_loop import Loop
from bench.row import Aim, Row
from bench.sides import Samples, cpu_seconds, in_turns, middle
from posture.api.patterns import compile_pattern
from posture.aws.wire import decode_page
from posture.domain.controls import Controls
from posture.domain.findings import Check, Compliance, Finding, RecordState, Workflow
from posture.domain.grouping import Group, Grouping
from posture.domain.selectors import Selection
from posture.domain.suppression import Phase, Policy, Terms
from posture.domain.suppression_declaration import Declaration, Identity, Scope
from posture.domain.suppression_survey import Survey, survey
from posture.hubs.known import Known
from posture.store import Read, Store
from posture.suppression.following import Following

_FINDINGS = 100_000
_POLICIES = 100
_LIBRARY_FINDINGS = 2_000
_REPETITIONS = 5
_STORE_REPETITIONS = 3
_CHANGES = 3
_NOW = 1_800_000_000_000_000
_YEAR = 365 * 86_400 * 1_000_000
_POLL = 300 * 1_000_000
_TARGET = "security/organization"
_PATTERN = "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"
_PLACED, _PLACED_LOOP, _MIXED, _MIXED_LOOP = "placed", "placed, loop", "mixed", "mixed, loop"
_LIBRARY, _RULES = "library", "rules"
_ALL, _ONE, _CHANGED, _NOTHING = "all", "one", "changed", "nothing"
_UNIT = "pairs/s"
Cells = Mapping[Check, Mapping[tuple[str, str], Sequence[Finding]]]


class _Held(NamedTuple):
    """What is matched, and by cell, as the store has it; `raw`: some of it as it came."""

    findings: Sequence[Finding]
    cells: Cells
    groups: Mapping[str, Group]
    raw: Sequence[Mapping[str, Any]]


class _Measured(NamedTuple):
    findings: int
    samples: Samples
    stored: Samples
    why_not: str | None


def measure(findings: int) -> list[Row]:
    """Match in memory, beside the loop and the library, whose results must be ours; then from a store."""
    total = min(findings, _FINDINGS)
    measured = alone(_sample, total)
    rate, cpu = middle(measured.samples), middle(measured.stored)
    of = f"{_POLICIES} policies, {measured.findings:,} open of {total:,} findings"
    library = "awsfindingsmanagerlib 1.5"
    return [
        *(
            Row(
                measure="policies",
                what=f"Matching: {of}, {what}",
                unit=_UNIT,
                ours=rate[ours],
                beside=rate[loop],
                beside_is="a loop over compiled patterns",
                aim=Aim("ratio", ">=", 50),
                samples=tuple(measured.samples[ours]),
            )
            for ours, loop, what in (
                (_PLACED, _PLACED_LOOP, "each of named controls"),
                (_MIXED, _MIXED_LOOP, "a tenth of them of any control"),
            )
        ),
        Row(
            measure="policies",
            what=f"Matching: rules that {library} has too"
            + (f" (which was not installed: {measured.why_not})" if measured.why_not else ""),
            unit=_UNIT,
            ours=rate[_RULES],
            beside=rate.get(_LIBRARY),
            beside_is=library,
            aim=None if measured.why_not else Aim("ratio", ">=", 50),
            samples=tuple(measured.samples[_RULES]),
        ),
        *(
            Row(
                measure="policies",
                what=f"{what}, from the store",
                unit="s",
                ours=cpu[side],
                beside=None if side == _ALL else cpu[_ALL],
                beside_is="all surveyed",
                samples=tuple(measured.stored[side]),
            )
            for side, what in (
                (_ALL, f"CPU of a plan, everything surveyed: {of}"),
                (_ONE, f"CPU of a plan, one of {_POLICIES} policies changed"),
                (_CHANGED, "CPU of a plan, 1 % of the cells changed"),
                (_NOTHING, "CPU of a plan, nothing changed"),
            )
        ),
    ]


def _sample(findings: int) -> _Measured:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        store = Store.open(Path(directory) / "hub.sqlite", owner="bench").store
        held = _held(findings, store)
        placed, mixed = (
            selections(_POLICIES, held.findings, held.groups, kinds=kinds) for kinds in (PLACED, MIXED)
        )
        spelled = {c.upper(): c for c in (each["Compliance"]["SecurityControlId"] for each in held.raw)}
        known_to_both = [each for each in held.findings if each.check.control in spelled]
        shared = rules(_POLICIES, known_to_both, spelled)
        for drawn in (placed, mixed):
            _compare(held, drawn)
        sides = {
            _PLACED: partial(_ours, held, placed),
            _PLACED_LOOP: partial(_loop, held, placed),
            _MIXED: partial(_ours, held, mixed),
            _MIXED_LOOP: partial(_loop, held, mixed),
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
    return _Measured(len(held.findings), samples, stored, why_not)


def _held(count_all: int, store: Store) -> _Held:
    """Store all findings, and hold those that are open."""
    cells: dict[Check, dict[tuple[str, str], list[Finding]]] = defaultdict(lambda: defaultdict(list))
    names: dict[str, str] = {}
    raw: list[Mapping[str, Any]] = []
    share = max(1, count_all // 100 // 200)
    for number, body in enumerate(pages(count_all)):
        page = decode_page(body).findings
        store.write([Read(page, _NOW)])
        opened = [each for each in page if _is_open(each)]
        for each in opened:
            cells[each.check][each.account_id, each.region].append(each)
        names.update((each.account_id, each.account_name) for each in page)
        if number % share == 0:
            ids = {each.id for each in opened}
            raw += [
                each
                for each in json.loads(body)["Findings"]
                if each["Id"] in ids and "SecurityControlId" in each["Compliance"]
            ]
    grouping = Grouping(compile_pattern(_PATTERN))
    groups = {account: grouping.of(account, name) for account, name in names.items()}
    findings = [each for places in cells.values() for each in chain.from_iterable(places.values())]
    return _Held(findings, cells, groups, raw[:_LIBRARY_FINDINGS])


def _is_open(finding: Finding) -> bool:
    return (
        finding.check.own
        and finding.compliance is not Compliance.PASSED
        and finding.record_state is RecordState.ACTIVE
    )


def _declaration(
    drawn: Mapping[str, Selection], groups: Mapping[str, Group], changed: Collection[str] = ()
) -> Declaration:
    return Declaration(
        [_policy(name, selection, changed=name in changed) for name, selection in drawn.items()],
        {_TARGET: Scope(_covers, _CONTROLS, groups)},
        identity=Identity("bench"),
        may_write=_may_write,
    )


def _policy(name: str, selection: Selection, *, changed: bool) -> Policy:
    terms = Terms(
        policy=name,
        justification="Accepted until the platform is replaced",
        approved_by="security@example.com",
        expires_at=_NOW + _YEAR,
        created_at=_NOW,
    )
    policy = Policy(terms, Phase.ENFORCING, _TARGET, selection, max_findings=1_000_000)
    if not changed:
        return policy
    regions = tuple(each._replace(regions=("eu-*",)) for each in selection.match)
    return replace(policy, selection=selection._replace(match=regions))


_CONTROLS = Controls({})


def _covers(check: Check, account_id: str) -> bool:
    return check.own and account_id != ""


def _may_write(namespace: str, account_id: str) -> bool:
    return namespace != account_id


def _surveyed(held: _Held, drawn: Mapping[str, Selection]) -> Survey:
    """Declare, and survey where there is anything to be found, as the operator does from its store."""
    declaration = _declaration(drawn, held.groups)
    places = {place for places in held.cells.values() for place in places}
    accounts, regions = ({place[part] for place in places} for part in (0, 1))
    found = declaration.candidates(held.cells, accounts, regions)
    return survey(_at(held.cells, found), declaration)


def _claims(surveyed: Survey) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(each.finding.product_arn, each.finding.id): each.claims for each in surveyed.cases}


def _compare(held: _Held, drawn: Mapping[str, Selection]) -> None:
    """Raise RuntimeError unless the loop selects what the operator does."""
    surveyed = _surveyed(held, drawn)
    looped = Loop(drawn, held.groups)(held.findings)
    matched = Counter(chain.from_iterable(looped.values()))
    suppressed = {
        (each.product_arn, each.id) for each in held.findings if each.workflow is Workflow.SUPPRESSED
    }
    if matched != {name: tally.matched for name, tally in surveyed.tallies.items()} or _claims(surveyed) != {
        finding: names for finding, names in looped.items() if finding not in suppressed
    }:
        raise RuntimeError("the loop selects other findings than the operator")


def _ours(held: _Held, drawn: Mapping[str, Selection]) -> float:
    return len(held.findings) * len(drawn) / cpu_seconds(lambda: _surveyed(held, drawn))


def _loop(held: _Held, drawn: Mapping[str, Selection]) -> float:
    loop = Loop(drawn, held.groups)
    return len(held.findings) * len(drawn) / cpu_seconds(lambda: loop(held.findings))


def _library(python: Path, directory: Path, held: _Held, shared: Mapping[str, Rule]) -> float:
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
    claims = _claims(_surveyed(held, {name: rule.selection for name, rule in shared.items()}))
    for each in held.raw:
        ours = claims.get((each["ProductArn"], each["Id"]), ())
        # It tells one rule of those that match, and does not look at what is suppressed already.
        theirs = matched.get(each["Id"])
        if each["Workflow"]["Status"] != "SUPPRESSED" and (theirs not in ours if ours else theirs):
            raise RuntimeError(f"awsfindingsmanagerlib selects by {theirs}, the operator by {ours}")
    return len(held.raw) * len(shared) / seconds


def _stored(store: Store, held: _Held, drawn: Mapping[str, Selection]) -> Samples:
    """Plan from the store: all anew, one policy changed, some cells changed, nothing changed."""
    known = Known(store)
    following = Following(known)
    turns = count()
    names = list(drawn)
    cells = list(store.cells_at())

    def planned(changed: Collection[str] = ()) -> None:
        following.plan(_declaration(drawn, held.groups, changed), _NOW, _POLL)

    def everything() -> float:
        nonlocal following
        following = Following(known)
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
        known.changed = set(cells[next(turns) % 100 :: 100])
        return cpu_seconds(planned)

    def nothing() -> float:
        return cpu_seconds(planned)

    sides = {_ALL: everything, _ONE: one, _CHANGED: changed_cells, _NOTHING: nothing}
    return in_turns(sides, _STORE_REPETITIONS)
