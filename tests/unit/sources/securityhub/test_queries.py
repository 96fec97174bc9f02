"""Queries: within AWS's limits, and of no product but the wanted ones."""

import pytest

from posture.domain.findings import Workflow
from posture.sources.securityhub.queries import (
    Filters,
    everything,
    exceptional,
    not_passed,
    unsuppressed,
    within,
    without_mark,
)
from posture.sources.securityhub.windows import EPOCH, FUTURE, Query

OWN = {"Security Hub"}
MANY = {"Security Hub", *(f"Product {n}" for n in range(60))}


def values(filters: Filters, attribute: str) -> set[str]:
    return {each["Value"] for each in filters.get(attribute, [])}


OWNERS = {f"cluster-{n:02}" for n in range(25)}


@pytest.mark.parametrize(
    "queries",
    [everything(MANY), exceptional(MANY), not_passed(MANY), unsuppressed(MANY), without_mark(MANY, OWNERS)],
)
def test_limits_are_kept_however_many_products(queries: list[Filters]) -> None:
    for each in queries:
        filters = within(each, Query(EPOCH, FUTURE))
        assert len(filters) <= 10
        assert all(0 < len(conditions) <= 20 for conditions in filters.values())
    assert set().union(*(values(each, "ProductName") for each in queries)) == MANY | {"Security Hub CSPM"}


def test_changes_and_sweeps_filter_by_product_alone() -> None:
    """What changes in a finding must not make it leave the listing."""
    assert [set(each) for each in everything(OWN)] == [{"ProductName"}]


def test_the_exceptional_set_of_other_products_does_not_ask_for_compliance() -> None:
    for each in exceptional({"GuardDuty"}) + not_passed({"GuardDuty"}):
        assert "ComplianceStatus" not in each
    resolved = [each for each in exceptional(OWN) if values(each, "WorkflowStatus") == {"RESOLVED"}]
    assert [values(each, "ComplianceStatus") for each in resolved] == [{"FAILED", "WARNING", "NOT_AVAILABLE"}]


def test_relists_are_of_active_findings_only() -> None:
    queries = exceptional(MANY) + not_passed(MANY) + unsuppressed(MANY) + without_mark(MANY, OWNERS)
    assert all(values(each, "RecordState") == {"ACTIVE"} for each in queries)


def test_what_is_unsuppressed_takes_the_place_of_what_is_not_passed() -> None:
    """A listing that was stored goes on with as many queries; no workflow is in neither set."""
    assert [{**each, "WorkflowStatus": None} for each in unsuppressed(MANY)] == [
        {**each, "WorkflowStatus": None} for each in not_passed(MANY)
    ]
    asked = [values(each, "WorkflowStatus") for each in unsuppressed(OWN)]
    assert set().union(*asked) | {"SUPPRESSED"} == {each.name for each in Workflow}
    assert not any("SUPPRESSED" in each for each in asked)
