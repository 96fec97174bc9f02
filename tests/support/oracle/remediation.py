"""Which resources a rule selects, worked out slowly: for each resource that is there, from all findings.

It has its own globs, and its own idea of what an ARN, an account and a Region are; it shares with the product
only the shape of a finding.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from posture.domain.findings import Compliance, Finding, RecordState, Resource, Workflow
from posture.domain.selection.selectors import Selector
from tests.support.oracle.case import glob_fits

GLOBAL_TYPES = {"AwsIamUser", "AwsIamRole", "AwsCloudFrontDistribution"}
HOMES = {"aws": "us-east-1", "aws-cn": "cn-northwest-1"}


class RuleSaid(NamedTuple):
    """A rule as its author thinks of it."""

    match: Sequence[Selector]
    exceptions: Sequence[Selector]
    types: frozenset[str]
    account_is_global: bool


Identity = tuple[str, str, str, str, str]


def fits(selector: Selector, finding: Finding, resources: Iterable[Resource]) -> bool:
    """Whether a selector (without groups and titles) selects a finding that had these resources."""
    asked = (
        (selector.accounts, [finding.account_id]),
        (selector.regions, [finding.region]),
        (selector.severities, [finding.severity.name]),
    )
    if any(globs and not any(glob_fits(g, v) for g in globs for v in values) for globs, values in asked):
        return False
    own = finding.check.source is not None
    if selector.controls and not (
        own and any(glob_fits(g.upper(), finding.check.control.upper()) for g in selector.controls)
    ):
        return False
    if not (selector.resource_types or selector.resource_ids or selector.tags):
        return True
    return any(
        (not selector.resource_types or any(glob_fits(g, r.type) for g in selector.resource_types))
        and (not selector.resource_ids or any(glob_fits(g, r.id) for g in selector.resource_ids))
        and all(
            any(k == key and any(glob_fits(g, v) for g in globs) for k, v in r.tags)
            for key, globs in selector.tags
        )
        for r in resources
    )


def any_fits(selectors: Iterable[Selector], finding: Finding, resources: Iterable[Resource]) -> bool:
    """Whether any of the selectors selects it."""
    those = list(resources)
    return any(fits(selector, finding, those) for selector in selectors)


def identity(rule: RuleSaid, finding: Finding, resource: Resource) -> Identity:
    """Account, partition, Region, type, Id; what is one thing for all Regions is where its calls go."""
    partition = "aws-cn" if finding.region.startswith("cn-") else "aws"
    everywhere = resource.type in GLOBAL_TYPES or (resource.type == "AwsAccount" and rule.account_is_global)
    region = HOMES[partition] if everywhere else finding.region
    return finding.account_id, partition, region, resource.type, resource.id


def acted_on(rule: RuleSaid, finding: Finding) -> list[Resource]:
    """The resources of a finding that the rule is about: those that its action works on, else the first."""
    if finding.record_state is RecordState.ARCHIVED or finding.compliance is Compliance.PASSED:
        return []
    selected = [r for r in finding.resources if any_fits(rule.match, finding, [r])]
    if not finding.resources and any_fits(rule.match, finding, []):
        return [Resource("", "")]
    # A resource may be there twice.
    return [r for r in selected if r.type in rule.types] or [r for r in selected if r[:2] == selected[0][:2]]


def refusals(rule: RuleSaid, finding: Finding, resource: Resource) -> set[str]:
    """Why an action cannot work on it, as one finding has it; empty: it can."""
    if resource.type == "AwsAccount" and resource.type in rule.types:
        prefix, _, account = resource.id.rpartition(":")
        if prefix != "AWS::::Account" or len(account) != 12 or not set(account) <= set("0123456789"):
            return {"NotSupported"}
        if account != finding.account_id:
            return {"AccountMismatch"}
        return set() if finding.region else {"Unreadable"}
    parts = resource.id.split(":", 5)
    is_arn = len(parts) == 6 and parts[0] == "arn" and parts[1] != ""
    ours = is_arn and parts[1].startswith("aws")
    if resource != ("", "", ()) and ((is_arn and not ours) or not (ours or resource.type[:3] == "Aws")):
        return {"NotAws"}
    if resource.type not in rule.types or not ours:
        return {"NotSupported"}
    if finding.region == "":
        return {"Unreadable"}
    there = ("aws-cn" if finding.region.startswith("cn-") else "aws", finding.region, finding.account_id)
    differs = parts[1] != there[0] or parts[3] not in {"", there[1]} or parts[4] not in {"", there[2]}
    return {"AccountMismatch"} if differs else set()


def expected(
    rule: RuleSaid,
    findings: Sequence[Finding],
    *,
    beside: Sequence[Finding],
    policies: Mapping[str, Sequence[Selector]],
    failing_since: Mapping[str, int],
    off: frozenset[str],
) -> dict[Identity, dict[str, Any]]:
    """All candidates of a rule, each by its identity. `off`: the Ids of findings whose control is off."""
    pairs = [(f, r) for f in findings for r in acted_on(rule, f)]
    found: dict[Identity, dict[str, Any]] = {}
    for key in {identity(rule, f, r) for f, r in pairs}:
        of_it = [(f, r) for f, r in pairs if identity(rule, f, r) == key]
        those = {f.id: f for f, _ in of_it}
        controls = {f.check.control for f in those.values() if f.check.source}
        same = [
            (f, r)
            for f in [*findings, *beside]
            for r in f.resources
            if f.record_state is RecordState.ACTIVE
            and f.check.source
            and f.check.control in controls
            and identity(rule, f, r) == key
        ]
        guards = [*those.values(), *(f for f, _ in same)]
        known = [failing_since[f] for f in those if f in failing_since]
        found[key] = {
            "named": sorted(those)[:20],
            "total": len(those),
            "controls": sorted(controls),
            "severity": max(those.values(), key=lambda f: f.severity).severity,
            "failing_since": min(known) if known else None,
            "looked_at": max(f.updated_at for f in those.values()),
            "excepted": any(any_fits(rule.exceptions, f, f.resources) for f in those.values()),
            "suppressed": any(f.workflow is Workflow.SUPPRESSED for f in guards),
            "policies": sorted(
                name
                for name, selectors in policies.items()
                if any(
                    f.compliance is not Compliance.PASSED and any_fits(selectors, f, f.resources)
                    for f in guards
                )
            ),
            "off": any(f.id in off for f in guards),
            "tags": {tag for _, r in [*of_it, *same] for tag in r.tags},
            "refused": {why for f, r in of_it for why in refusals(rule, f, r)},
        }
    return found
