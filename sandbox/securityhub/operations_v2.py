"""Security Hub V2, as far as it is read: the same findings in OCSF, with a status of their own.

API reference, GetFindingsV2; OCSF 1.6, Detection Finding: `status_id` 1 New, 2 In Progress, 3 Suppressed,
4 Resolved. Whether a suppression in the one shows in the other no page of AWS says: the setting `v2_shares`
has those of CSPM shown here.
"""

from typing import Any

from sandbox.securityhub.asff import decode
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError
from sandbox.securityhub.filters import compile_filters
from sandbox.securityhub.ordering import sorting_of
from sandbox.securityhub.paging import paginate
from sandbox.securityhub.query import Query, fetch

Parameters = dict[str, Any]
UID, STATUS = "finding_info.uid", "status_id"
SUPPRESSED, NEW, RESOLVED = 3, 1, 4
_NAMES = {SUPPRESSED: "Suppressed", NEW: "New", RESOLVED: "Resolved"}
_MOST = 100


def get_findings_v2(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Answer by ids, or by a status: no other filters are served."""
    account, region = context.caller.account, context.caller.region
    organization = context.emulator.organization
    if (account, region) not in organization.second_hubs:
        raise ApiError("ValidationException", f"Security Hub V2 is not enabled in account {account}")
    ids, statuses = _asked(parameters)
    settings = context.emulator.settings
    if ids:
        found = _of_cspm(context, {"Id": [_equals(each) for each in ids]})
    else:
        suppressed = {"WorkflowStatus": [_equals("SUPPRESSED")]} if settings.v2_shares else None
        named = [_equals(each) for each in sorted(settings.v2_suppressed)]
        found = _of_cspm(context, {"Id": named}) if named else []
        found += _of_cspm(context, suppressed) if suppressed else []
    documents = {each["Id"]: _ocsf(context, each) for each in found}
    answered = [each for each in documents.values() if not statuses or each[STATUS] in statuses]
    return paginate(context, parameters, "Findings", answered)


def _asked(parameters: Parameters) -> tuple[list[str], list[int]]:
    """Read the filters: ids, of which any is meant, and statuses."""
    ids, statuses = [], []
    for composite in (parameters.get("Filters") or {}).get("CompositeFilters") or ():
        for each in composite.get("StringFilters") or ():
            if each["FieldName"] != UID or each["Filter"]["Comparison"] != "EQUALS":
                raise ApiError("ValidationException", f"The sandbox does not filter by {each['FieldName']}")
            ids.append(each["Filter"]["Value"])
        for each in composite.get("NumberFilters") or ():
            if each["FieldName"] != STATUS:
                raise ApiError("ValidationException", f"The sandbox does not filter by {each['FieldName']}")
            statuses.append(int(each["Filter"]["Eq"]))
    if not ids and statuses != [SUPPRESSED]:
        raise ApiError("ValidationException", "The sandbox lists what is suppressed, and nothing else")
    return ids, statuses


def _of_cspm(context: Context, filters: dict[str, Any]) -> list[dict[str, Any]]:
    emulator, caller = context.emulator, context.caller
    active = {**filters, "RecordState": [_equals("ACTIVE")]}
    query = Query(
        filters=compile_filters(active, emulator.clock.now()),
        view=emulator.organization.view(caller.account, caller.region),
        sorting=sorting_of([]),
        limit=_MOST,
    )
    rows = fetch(emulator.store, query).rows
    return [finding for row in rows if (finding := decode(row.body)) is not None]


def _ocsf(context: Context, finding: dict[str, Any]) -> dict[str, Any]:
    settings, workflow = context.emulator.settings, (finding.get("Workflow") or {}).get("Status")
    shared = settings.v2_shares and workflow == "SUPPRESSED"
    passed = (finding.get("Compliance") or {}).get("Status") == "PASSED"
    suppressed = shared or finding["Id"] in settings.v2_suppressed
    status = SUPPRESSED if suppressed else RESOLVED if passed else NEW
    return {
        "class_name": "Compliance Finding",
        "cloud": {"account": {"uid": finding["AwsAccountId"]}, "region": finding["Region"]},
        "finding_info": {"uid": finding["Id"], "title": finding["Title"]},
        "metadata": {"product": {"uid": finding["ProductArn"]}},
        "status": _NAMES[status],
        "status_id": status,
    }


def _equals(value: str) -> dict[str, str]:
    return {"Comparison": "EQUALS", "Value": value}
