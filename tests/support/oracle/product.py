"""The product's side of a case: cells and a view made of it, and its evaluation in the oracle's shape."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from posture.domain.findings import (
    Cell,
    Check,
    CheckSource,
    Compliance,
    Count,
    Finding,
    RecordState,
    Severity,
    Workflow,
    product_named,
)
from posture.domain.organization import KnownOrganization, OrganizationAccount, TagKeys, state_of
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import Evaluation, TurnedOff, View
from posture.domain.scoring.scores import ControlCounts, Score, Scores
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard
from tests.support.oracle.organizations import ACCOUNTS, WINDOW, Organization, Record

_Look = tuple[Severity, Compliance, Workflow, bool]


def check_of(record: Record) -> Check:
    """Return the check as it is to be read from the record's finding."""
    claim = record.claim
    product = "Security Hub" if record.own else record.product
    if not record.own and product.startswith("Security Hub"):
        product = record.product_arn.rsplit("/", 1)[-1]
    return Check(
        product,
        source=CheckSource.SECURITY_HUB if record.own else None,
        control=claim.control,
        numbered=claim.numbered,
        standards=claim.standards,
    )


def cells(organization: Organization) -> list[Cell]:
    """Group the ACTIVE findings by check, account and Region."""
    grouped: dict[tuple[Check, str, str], Counter[_Look]] = {}
    for record in organization.records:
        if record.record_state == "ACTIVE":
            look = (
                Severity[record.severity],
                Compliance[record.compliance or "NONE"],
                Workflow[record.workflow],
                record.place.age <= WINDOW,
            )
            grouped.setdefault((check_of(record), record.place.account, record.place.region), Counter())[
                look
            ] += 1
    return _cells(grouped)


def cells_of(findings: Iterable[Finding], cutoff: int) -> list[Cell]:
    """Group decoded findings as the store does; those updated since `cutoff` (microseconds) are fresh."""
    grouped: dict[tuple[Check, str, str], Counter[_Look]] = {}
    for finding in findings:
        if finding.record_state is RecordState.ACTIVE:
            look = finding.severity, finding.compliance, finding.workflow, finding.updated_at >= cutoff
            grouped.setdefault((finding.check, finding.account_id, finding.region), Counter())[look] += 1
    return _cells(grouped)


def controls(standards: Mapping[str, Mapping[str, Any]]) -> Controls:
    """Return what the hub knows of its standards."""
    return Controls(
        {
            name: Standard(
                name,
                f"arn:aws:securityhub:eu-west-1::standards/{name}",
                {
                    control["id"].upper(): ControlAssociation(
                        control["id"], control["enabled"], tuple(control["numbers"])
                    )
                    for control in facts["controls"]
                },
                facts["complete"],
            )
            for name, facts in standards.items()
        }
    )


def grouping(spec: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> Grouping:
    """Return a target's grouping; Python's engine stands in for the product's.

    `known`: of its organization, as the oracle has it.
    """
    known = known or {"accounts": {}, "tags": {}}
    pattern, asked = spec.get("accountNamePattern"), spec.get("organizationTags", {})
    return Grouping(
        re.compile(pattern) if pattern else None,
        default_environment=spec.get("defaultEnvironment", "production"),
        overrides={o["accountId"]: (o["workload"], o.get("environment")) for o in spec.get("overrides", [])},
        tag_keys=TagKeys(*(asked.get(f"{each}Key") for each in TagKeys._fields)),
        organization=KnownOrganization(
            {
                account: OrganizationAccount(each["name"], state_of(each["state"], None))
                for account, each in known["accounts"].items()
            },
            known["tags"],
        ),
    )


def view(organization: Organization) -> View:
    """Return the target's view of its hub."""
    spec, hub = organization.spec, organization.hub
    chosen = spec["source"]["securityStandards"]["standards"]
    return View(
        standards=tuple(hub["standards"]) if chosen == ["*"] else tuple(chosen),
        controls=controls(hub["standards"]),
        accounts=AccountFilter(granted=hub["granted"], **spec["accounts"]),
        grouping=grouping(spec["grouping"], hub.get("organization")),
        products=frozenset(map(product_named, spec["products"])),
        names=_names(organization),
        members=frozenset(hub["members"]),
        turned_off={
            TurnedOff(off["standard"], off["control"].upper(), off["account"], off["region"]): ControlStatus[
                off["status"]
            ]
            for off in organization.turned_off
        },
        home=(hub["account"], hub["region"]),
    )


def _cells(grouped: Mapping[tuple[Check, str, str], Mapping[_Look, int]]) -> list[Cell]:
    return [Cell(*key, tuple(Count(*look, n) for look, n in looks.items())) for key, looks in grouped.items()]


def _names(organization: Organization) -> dict[str, str]:
    seen = {record.place.account for record in organization.records} | set(organization.hub["members"])
    return {account: name for account in seen if (name := ACCOUNTS[account])}


def numbers(evaluation: Evaluation) -> dict[str, Any]:
    """Write an evaluation in the shape of `tests.oracle.scores`."""
    return {
        "target": _scores(evaluation.target),
        "standards": {name: _scores(each) for name, each in evaluation.standards.items()},
        "workloads": {tuple(scope): _scores(each) for scope, each in evaluation.workloads.items()},
        "accounts": {tuple(scope): _scores(each) for scope, each in evaluation.accounts.items()},
        "controls": _counts(evaluation.pooled),
        "standardControls": {name: _counts(each) for name, each in evaluation.controls.items()},
        "statuses": {pair: status.name for pair, status in evaluation.statuses.items()},
        "findings": {
            (key.product, key.account_id, key.severity.name, key.state.name.lower()): n
            for key, n in evaluation.findings.items()
        },
        "failedFindings": {tuple(scope): n for scope, n in evaluation.failed_findings.items()},
        "reporting": list(evaluation.reporting),
        "silent": list(evaluation.silent),
        "unusable": list(evaluation.unusable),
        "ungrouped": list(evaluation.ungrouped),
        "owners": dict(evaluation.owners),
        "excluded": list(evaluation.excluded),
        "unmatched": list(evaluation.unmatched),
        "groups": {
            account: (group.workload, group.environment) for account, group in evaluation.groups.items()
        },
    }


def _score(score: Score | None) -> tuple[int, int] | None:
    return None if score is None else (score.passed, score.scored)


def _scores(scores: Scores) -> dict[str, tuple[int, int] | None]:
    return {name: _score(score) for name, score in scores._asdict().items()}


def _counts(counts: ControlCounts) -> dict[str, int]:
    return counts._asdict()
