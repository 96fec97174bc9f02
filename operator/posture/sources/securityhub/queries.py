"""What GetFindings is asked for: filters and sort orders as the API names them.

AWS takes at most 10 attributes a query and 20 values an attribute (API reference, GetFindings): products with
more names than that become several queries.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from posture.domain.exceptions import marks
from posture.domain.findings import SECURITY_HUB, names_of
from posture.domain.time import rfc3339
from posture.sources.securityhub.windows import FUTURE, Query

Filters: TypeAlias = dict[str, list[dict[str, Any]]]

ASCENDING = ({"Field": "UpdatedAt", "SortOrder": "asc"},)
DESCENDING = ({"Field": "UpdatedAt", "SortOrder": "desc"},)

VALUES = 20
"""Values of one attribute in one query."""

_NOT_PASSED = ("FAILED", "WARNING", "NOT_AVAILABLE")


def everything(products: Collection[str]) -> list[Filters]:
    """Return filters for all findings of the products, whatever their state."""
    return [{"ProductName": names} for names in _product_names(products)]


def noted(products: Collection[str], since: int) -> list[Filters]:
    """Return filters for all findings of the products whose note was written since (µs).

    A note does not touch `UpdatedAt` (BatchUpdateFindings, API reference), but has one of its own.
    """
    written = [{"Start": rfc3339(since), "End": rfc3339(FUTURE)}]
    return [{**filters, "NoteUpdatedAt": written} for filters in everything(products)]


def exceptional(products: Collection[str]) -> list[Filters]:
    """Return filters for what people did by hand: SUPPRESSED, NOTIFIED, or RESOLVED but not PASSED.

    Security Hub sets its own to RESOLVED once they pass. Whether a finding without Compliance passes a filter
    on ComplianceStatus is not documented, so other products are asked for by workflow alone.
    """
    active = {"RecordState": _equals("ACTIVE")}
    by_hand = [
        {"ProductName": names, **active, "WorkflowStatus": _equals("SUPPRESSED", "NOTIFIED")}
        for names in _product_names(products)
    ]
    resolved = [
        {"ProductName": names, **active, "WorkflowStatus": _equals("RESOLVED"), **compliance}
        for names, compliance in _by_compliance(products)
    ]
    return by_hand + resolved


def not_passed(products: Collection[str]) -> list[Filters]:
    """Return filters for what is ACTIVE and not PASSED; of other products, for what is ACTIVE."""
    return [
        {"ProductName": names, "RecordState": _equals("ACTIVE"), **compliance}
        for names, compliance in _by_compliance(products)
    ]


def unsuppressed(products: Collection[str]) -> list[Filters]:
    """Return filters as `not_passed`, less what is SUPPRESSED."""
    others = _equals("NEW", "NOTIFIED", "RESOLVED")
    return [{**filters, "WorkflowStatus": others} for filters in not_passed(products)]


def without_mark(products: Collection[str], owners: Collection[str]) -> list[Filters]:
    """Return filters for what people did by hand that none of up to 20 owners has marked.

    Whether a finding without such a field passes NOT_EQUALS is not documented (API reference, MapFilter):
    nothing can be concluded from what these do not list.
    """
    others = [
        {"Key": marks.OWNER, "Value": owner, "Comparison": "NOT_EQUALS"} for owner in sorted(owners)[:VALUES]
    ]
    return [{**filters, "UserDefinedFields": others} for filters in exceptional(products)]


def marked_beside(owners: Sequence[str], products: Collection[str]) -> Filters:
    """Return the filter for findings that up to 20 owners have marked, but for those of the products.

    Too many products to be left out are listed with them.
    """
    filters: Filters = {
        "UserDefinedFields": [
            {"Key": marks.OWNER, "Value": owner, "Comparison": "EQUALS"} for owner in owners
        ]
    }
    names = [name for product in sorted(products) for name in names_of(product)]
    if 0 < len(names) <= VALUES:
        filters["ProductName"] = [{"Value": name, "Comparison": "NOT_EQUALS"} for name in names]
    return filters


def by_id(ids: Sequence[str], product_arns: Sequence[str] = ()) -> Filters:
    """Return the filter for up to 20 findings by Id (others may share it: compare ProductArn).

    `product_arns`: up to 20 to which they are limited; none: of any.
    """
    return {"Id": _equals(*ids), **({"ProductArn": _equals(*product_arns)} if product_arns else {})}


def within(filters: Filters, query: Query) -> Filters:
    """Return the filters narrowed to a window of UpdatedAt. AWS refuses a Start without an End."""
    return {**filters, "UpdatedAt": [{"Start": rfc3339(query.start), "End": rfc3339(query.end)}]}


def _by_compliance(products: Collection[str]) -> list[tuple[list[dict[str, str]], Filters]]:
    own = _product_names({SECURITY_HUB} & set(products))
    others = _product_names(set(products) - {SECURITY_HUB})
    not_passed: Filters = {"ComplianceStatus": _equals(*_NOT_PASSED)}
    return [(names, not_passed) for names in own] + [(names, {}) for names in others]


def _product_names(products: Collection[str]) -> list[list[dict[str, str]]]:
    # Others may bear Security Hub's names too: a finding is its own by its ProductArn. That cannot be
    # filtered by: it holds the finding's Region, and there are more Regions than values in a filter.
    names = [name for product in sorted(products) for name in names_of(product)]
    return [_equals(*names[at : at + VALUES]) for at in range(0, len(names), VALUES)]


def _equals(*values: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]
