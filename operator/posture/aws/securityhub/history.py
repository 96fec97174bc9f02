"""GetFindingHistory: what has changed of one finding within 90 days."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from posture.aws.client.calls import Calls
from posture.domain.findings import FindingId
from posture.domain.remediation.history import FieldChange, HistoryRecord
from posture.domain.time import instant_of, rfc3339

GET = "GetFindingHistory"

_PAGES = 50


class FindingHistory(NamedTuple):
    """All records since `begin`. `asked_at`: the start of the first request (µs by AWS's clock)."""

    changes: tuple[HistoryRecord, ...]
    begin: int
    asked_at: int


async def read_history(calls: Calls, finding: FindingId, begin: int) -> FindingHistory | None:
    """Read a history to its last page: one that is cut off would hide the very change that matters.

    None where it is not to be believed: it has no end, or a record is of another finding or has no time.
    Raises AwsError.
    """
    parameters: dict[str, Any] = {
        "FindingIdentifier": {"Id": finding.id, "ProductArn": finding.product_arn},
        "StartTime": rfc3339(begin),
        "MaxResults": 100,
    }
    changes: list[HistoryRecord] = []
    asked_at: int | None = None
    for _ in range(_PAGES):
        answer = await calls.call(GET, parameters)
        asked_at = answer.asked_at if asked_at is None else asked_at
        for record in answer.body.get("Records", []):
            change = _change(record, finding)
            if change is None:
                return None
            changes.append(change)
        token = answer.body.get("NextToken")
        if not token:
            return FindingHistory(tuple(changes), begin, asked_at)
        parameters["NextToken"] = token
    return None


def _change(record: Mapping[str, Any], finding: FindingId) -> HistoryRecord | None:
    at = record.get("UpdateTime")
    of = record.get("FindingIdentifier") or {"Id": finding.id, "ProductArn": finding.product_arn}
    if not isinstance(at, datetime) or (of.get("ProductArn"), of.get("Id")) != finding:
        return None
    fields = tuple(
        FieldChange(each.get("UpdatedField", ""), each.get("OldValue"), each.get("NewValue"))
        for each in record.get("Updates") or ()
    )
    return HistoryRecord(instant_of(at), record.get("FindingCreated") is True, fields)
