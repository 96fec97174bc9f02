"""Queries: within AWS's limits, and of no product but the wanted ones."""

import pytest

from posture.domain.findings import Workflow
from posture.sources.securityhub.queries import (
    Filters,
    by_id,
    everything,
    exceptional,
    not_passed,
    still_new,
    unmarked,
    within,
)
from posture.sources.securityhub.windows import EPOCH, FUTURE, Query

OWN = {"Security Hub"}
MANY = {"Security Hub", *(f"Product {n}" for n in range(60))}


def values(filters: Filters, attribute: str) -> set[str]:
    return {each["Value"] for each in filters.get(attribute, [])}


OWNERS = {f"cluster-{n:02}" for n in range(25)}


@pytest.mark.parametrize(
    "queries",
    [everything(MANY), exceptional(MANY), not_passed(MANY), still_new(MANY), unmarked(MANY, OWNERS)],
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
    queries = exceptional(MANY) + not_passed(MANY) + still_new(MANY) + unmarked(MANY, OWNERS)
    assert all(values(each, "RecordState") == {"ACTIVE"} for each in queries)


def test_what_is_still_new_takes_the_place_of_what_is_not_passed() -> None:
    """A listing that was stored as one of them goes on with the same queries, narrowed or not."""
    assert [{**each, "WorkflowStatus": None} for each in still_new(MANY)] == [
        {**each, "WorkflowStatus": None} for each in not_passed(MANY)
    ]
    asked = [values(each, "WorkflowStatus") for each in exceptional(OWN)]
    assert set().union(*asked) | {"NEW"} == {each.name for each in Workflow}
    assert all(values(each, "WorkflowStatus") == {"NEW"} for each in still_new(OWN))


def test_a_window_has_both_ends() -> None:
    (window,) = within(by_id(["x"]), Query(EPOCH, FUTURE))["UpdatedAt"]
    assert window == {"Start": "1970-01-01T00:00:00.000000Z", "End": "9999-12-31T23:59:59.999999Z"}
