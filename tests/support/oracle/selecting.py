"""What a selector selects, worked out one finding, one list and one value at a time."""

from collections.abc import Mapping
from typing import Any

from tests.support.oracle.asff import read
from tests.support.oracle.case import Case, glob_fits

_LABELS = {"resourceTypes": "Type", "resourceIds": "Id"}


def selects(selector: Mapping[str, Any], finding: Mapping[str, Any], case: Case) -> bool:
    """Whether a selector (as in YAML) selects a raw finding, as the hub and the target of the case see it."""
    seen = read(dict(finding))
    if seen is None:
        return False
    pairs = [
        (standard, case.tied(standard, control) if is_number else control)
        for standard, control, is_number in seen.claims
    ]
    targeted = case.granted(seen.account) and case.included(seen.account)
    group = case.group(seen.account) if targeted else None
    said = {
        "accounts": [seen.account],
        "workloads": [group[0]] if group else [],
        "environments": [group[1]] if group else [],
        "regions": [seen.region],
        "severities": [seen.severity],
        # Both names mean Security Hub, whichever its finding bears.
        "products": ["Security Hub", "Security Hub CSPM"] if seen.own else [seen.product],
        "titles": [finding["Title"]],
    }
    for name, values in said.items():
        if name in selector and not any(
            glob_fits(glob, value) for glob in selector[name] for value in values
        ):
            return False
    if ("controls" in selector or "standards" in selector) and not any(
        any(glob_fits(glob, standard) for glob in selector.get("standards", ["*"]))
        and any(glob_fits(glob.upper(), control) for glob in selector.get("controls", ["*"]))
        for standard, control in pairs
    ):
        return False
    if not {"resourceTypes", "resourceIds", "tags"} & set(selector):
        return True
    return any(_resource_fits(selector, resource) for resource in finding.get("Resources", []))


def _resource_fits(selector: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    for name, field in _LABELS.items():
        if name in selector and not any(glob_fits(glob, resource[field]) for glob in selector[name]):
            return False
    tags = resource.get("Tags", {})
    return all(
        key in tags and any(glob_fits(glob, tags[key]) for glob in globs)
        for key, globs in selector.get("tags", {}).items()
    )


def selected(selection: Mapping[str, Any], finding: Mapping[str, Any], case: Case) -> bool:
    """Whether any `match` of a policy selects a finding and none of its `exceptions` does."""
    return any(selects(selector, finding, case) for selector in selection["match"]) and not any(
        selects(selector, finding, case) for selector in selection.get("exceptions", [])
    )
