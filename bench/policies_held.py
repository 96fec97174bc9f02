"""The findings that policies are matched with, stored and in memory."""

import gc
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bench.pages import pages
from posture.api.patterns import compile_pattern
from posture.aws.securityhub.wire import decode_page
from posture.domain.findings import Check, Compliance, Finding, RecordState
from posture.domain.scoring.accounts import Group, Grouping
from posture.domain.selection.matcher import Cells
from posture.store.records import Read
from posture.store.sqlite.store import Store

NOW = 1_800_000_000_000_000
RAW = 2_000
_SAMPLE = 20_000
_PATTERN = "^xebia-(?P<workload>.+)-(?P<environment>[^-]+)$"


class Held(NamedTuple):
    """Findings in memory; `own`: how many there are of Security Hub itself.

    `open`: Security Hub's own, ACTIVE and not PASSED; `cells`: the same, as a store tells where they are.
    `sample`: of all its own, whatever became of them, pages from beginning to end. `raw`: some of the open
    ones as they came.
    """

    own: int
    open: Sequence[Finding]
    cells: Cells[Sequence[Finding]]
    sample: Sequence[Finding]
    raw: Sequence[Mapping[str, Any]]
    groups: Mapping[str, Group]


def hold(count: int, store: Store) -> Held:
    """Store so many findings of the simulated organization, and hold what is matched in memory."""
    cells: dict[Check, dict[str, dict[str, list[Finding]]]] = {}
    checks: dict[Check, Check] = {}
    names: dict[str, str] = {}
    sample: list[Finding] = []
    raw: list[Mapping[str, Any]] = []
    own = 0
    every = max(1, count // _SAMPLE)
    for number, body in enumerate(pages(count)):
        page = [
            each._replace(check=checks.setdefault(each.check, each.check))
            for each in decode_page(body).findings
        ]
        store.write([Read(page, NOW)])
        names.update((each.account_id, each.account_name) for each in page)
        own += sum(each.check.source is not None for each in page)
        opened = [each for each in page if is_open(each)]
        for each in opened:
            by_region = cells.setdefault(each.check, {}).setdefault(each.account_id, {})
            by_region.setdefault(each.region, []).append(each)
        if number % every == 0:
            sample += [each for each in page if each.check.source]
        if number % max(1, every // 10) == 0 and len(raw) < RAW:
            ids = {each.id for each in opened}
            raw += [
                each
                for each in json.loads(body)["Findings"]
                if each["Id"] in ids and "SecurityControlId" in each["Compliance"]
            ]
    grouping = Grouping(compile_pattern(_PATTERN))
    groups = {id_: group for id_, name in names.items() if (group := grouping.group_of(id_, name))}
    everything = [
        finding
        for by_account in cells.values()
        for by_region in by_account.values()
        for those in by_region.values()
        for finding in those
    ]
    # None of this is garbage, on either side: no collection is to look through it.
    gc.freeze()
    return Held(own, everything, cells, sample, raw[:RAW], groups)


def is_open(finding: Finding) -> bool:
    """Whether an exception can be made of a finding."""
    return (
        finding.check.source is not None
        and finding.compliance is not Compliance.PASSED
        and finding.record_state is RecordState.ACTIVE
    )
