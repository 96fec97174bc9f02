"""The series of a large organization: its evaluation, as a target publishes it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from math import ceil

from bench.pages import pages
from posture.api.patterns import compile_pattern
from posture.aws.securityhub.wire import decode_page
from posture.domain.findings import Cell, Check, Count, Finding, RecordState
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import Evaluation, View, evaluate
from posture.domain.standards import ControlAssociation, Controls, Standard
from posture.publish.prometheus.exposition import Value
from posture.publish.prometheus.families import Family
from posture.publish.prometheus.target_samples import evaluation_samples
from sandbox.organization import Organization
from sandbox.securityhub.catalogue import STANDARDS

_FINDINGS = 10_000


def samples_of(series: int) -> dict[Family, list[Value]]:
    """Return the samples of one target that has at least so many series, from as many accounts as it takes.

    The accounts of a simulated organization are repeated, each time under other ids.
    """
    cells = list(_cells())
    first, second = (_count(_repeated(cells, times)) for times in (1, 2))
    return _repeated(cells, 1 + ceil((series - first) / (second - first)))


def _repeated(cells: list[Cell], times: int) -> dict[Family, list[Value]]:
    return _samples(_evaluation([cell for turn in range(times) for cell in _renumbered(cells, turn)]))


def _count(samples: dict[Family, list[Value]]) -> int:
    return sum(map(len, samples.values()))


def _samples(evaluation: Evaluation) -> dict[Family, list[Value]]:
    return evaluation_samples("security", "organization", evaluation)


def _evaluation(cells: list[Cell]) -> Evaluation:
    names = {account.id: account.name for account in Organization.of_size(_FINDINGS).accounts()}
    return evaluate(
        cells,
        View(
            standards=Organization().standards,
            controls=Controls({name: _standard(name) for name in Organization().standards}),
            accounts=AccountFilter(),
            grouping=Grouping(compile_pattern("^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$")),
            home=(Organization.of_size(_FINDINGS).administrator, Organization().regions[0]),
            names={cell.account_id: names.get(cell.account_id, "") for cell in cells},
        ),
    )


def _standard(name: str) -> Standard:
    standard = STANDARDS[name]
    controls = {
        control.id.upper(): ControlAssociation(control.id, enabled=True, numbers=control.numbers[name])
        for control in standard.controls()
    }
    return Standard(name, standard.arn("eu-west-1"), controls)


def _cells() -> Iterator[Cell]:
    counts: defaultdict[tuple[Check, str, str], Counter[Count]] = defaultdict(Counter)
    for body in pages(_FINDINGS):
        for finding in decode_page(body).findings:
            if finding.record_state is RecordState.ACTIVE:
                counts[finding.check, finding.account_id, finding.region][_kind(finding)] += 1
    for place, kinds in counts.items():
        yield Cell(*place, tuple(kind._replace(n=n) for kind, n in kinds.items()))


def _kind(finding: Finding) -> Count:
    return Count(finding.severity, finding.compliance, finding.workflow, fresh=True, n=0)


def _renumbered(cells: list[Cell], turn: int) -> Iterator[Cell]:
    renumbered = {
        account_id: f"{(int(account_id) + turn * 1_000_003) % 10**12:012d}"
        for account_id in {cell.account_id for cell in cells}
    }
    for check, account_id, region, counts in cells:
        yield Cell(check, renumbered[account_id], region, counts)
