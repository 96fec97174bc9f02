"""GetFindings, GetFindingHistory, BatchUpdateFindings and BatchImportFindings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.securityhub import changes
from sandbox.securityhub.asff import encode, provider_of
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.clock import parse_timestamp
from sandbox.securityhub.emulator import Context
from sandbox.securityhub.errors import ApiError, invalid_input
from sandbox.securityhub.filters import compile_filters
from sandbox.securityhub.model import shape_model, validate
from sandbox.securityhub.ordering import sorting_of
from sandbox.securityhub.paging import paginate
from sandbox.securityhub.query import Page, Query, fetch
from sandbox.securityhub.tokens import invalid_token

Parameters = dict[str, Any]
MAX_IDENTIFIERS = 100
MAX_NOTE_LENGTH = 512
MAX_USER_FIELDS = 50
MAX_USER_FIELD_KEY = 128
MAX_USER_FIELD_VALUE = 1024
MAX_FINDING_SIZE = 240 * 1024
MAX_RESOURCES = 32
DEFAULT_PAGE = 100


@dataclass(frozen=True, slots=True)
class FindingsAnswer:
    """The body of a GetFindings answer, joined from stored JSON."""

    body: bytes
    findings: int


def get_findings(context: Context, parameters: Parameters) -> FindingsAnswer:
    """Answer one page."""
    _ = context.hub
    emulator, caller = context.emulator, context.caller
    filters, criteria = parameters.get("Filters") or {}, parameters.get("SortCriteria") or []
    compiled = compile_filters(filters, emulator.clock.now())
    sorting = sorting_of(criteria)
    question = [caller.account, caller.region, filters, criteria]
    token = parameters.get("NextToken")
    if token and context.fault("invalid_token"):
        raise invalid_token()
    limit = parameters.get("MaxResults") or DEFAULT_PAGE
    short = context.fault("short")
    position = emulator.tokens.read(token, question) if token else None
    by_offset = emulator.tokens.are_offsets
    skipped = position[0] if position and by_offset else 0
    query = Query(
        filters=compiled,
        view=emulator.organization.view(caller.account, caller.region),
        sorting=sorting,
        limit=skipped + (min(limit, short.options.get("findings", 0)) if short else limit),
        after=sorting.restore(position) if position and not by_offset else None,
        stale=emulator.staleness.shown(),
    )
    page = fetch(emulator.store, query)
    if by_offset:
        page = page._replace(rows=page.rows[skipped:])
        seen = skipped + len(page.rows)
        next_token = emulator.tokens.issue(question, [seen]) if page.more else None
    else:
        next_token = _next_token(context, query, page, question)
    body = b'{"Findings":[' + b",".join(row.body for row in page.rows) + b"]"
    if next_token is not None:
        body += b',"NextToken":' + msgspec.json.encode(next_token)
    return FindingsAnswer(body + b"}", len(page.rows))


def _next_token(context: Context, query: Query, page: Page, question: list[Any]) -> str | None:
    """Return where the next page goes on, moved or repeated where a fault says so."""
    if not page.more:
        return None
    emulator = context.emulator
    if not page.rows:
        # An empty page goes on where it began.
        return emulator.tokens.issue(question, query.sorting.plain(query.after))
    again = context.fault("duplicate")
    repeated = min(again.options.get("findings", 3), len(page.rows) - 1) if again else 0
    last = page.rows[len(page.rows) - 1 - repeated]
    if context.fault("moved"):
        following = fetch(emulator.store, _following(query, page))
        for row in following.rows:
            emulator.touch(row.seq)
    return emulator.tokens.issue(question, query.sorting.plain(last.position))


def _following(query: Query, page: Page) -> Query:
    return Query(query.filters, query.view, query.sorting, limit=1, after=page.rows[-1].position)


def batch_update_findings(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Apply one update to up to 100 findings; those that cannot take it are told one by one."""
    _ = context.hub
    _check_update(parameters)
    update = {key: value for key, value in parameters.items() if key != "FindingIdentifiers"}
    processed: list[Mapping[str, str]] = []
    unprocessed: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    forced = _forced_failures(context, parameters["FindingIdentifiers"])
    for identifier in parameters["FindingIdentifiers"]:
        key = (identifier["Id"], identifier["ProductArn"])
        failure = (
            ("DuplicatedFindingIdentifier", "The finding is named more than once in this request.")
            if key in seen
            else forced.get(key) or _update_one(context, key, update)
        )
        seen.add(key)
        if failure is None:
            processed.append(identifier)
        else:
            code, message = failure
            unprocessed.append({"FindingIdentifier": identifier, "ErrorCode": code, "ErrorMessage": message})
    return {"ProcessedFindings": processed, "UnprocessedFindings": unprocessed}


def get_finding_history(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Answer one page of what has changed of a finding; of one that is not there nothing has."""
    _ = context.hub
    emulator, caller = context.emulator, context.caller
    identifier, now = parameters["FindingIdentifier"], emulator.clock.now()
    bounds = {"StartTime": 0, "EndTime": now}
    for name in bounds.keys() & parameters.keys():
        moment = parse_timestamp(parameters[name])
        if moment is None:
            raise invalid_input(f"Invalid parameter '{name}'. data must be an ISO 8601 timestamp")
        bounds[name] = moment
    view = emulator.organization.view(caller.account, caller.region)
    records = [
        record
        for seq, account, region in emulator.store.find(identifier["Id"], identifier["ProductArn"])
        if view.shows(account, region)
        for record in emulator.histories.records(seq, emulator.finding(seq), *bounds.values())
    ]
    return paginate(context, parameters, "Records", records)


def _update_one(context: Context, key: tuple[str, str], update: Mapping[str, Any]) -> tuple[str, str] | None:
    emulator, caller = context.emulator, context.caller
    view = emulator.organization.view(caller.account, caller.region)
    found = [seq for seq, account, region in emulator.store.find(*key) if view.shows(account, region)]
    if not found:
        return "FindingNotFound", "The finding was not found."
    for seq in found:
        size = len(emulator.store.body(seq)) + len(encode(update))
        if size > MAX_FINDING_SIZE:
            return "FindingSizeExceeded", "The finding would be larger than 240 KB."
        emulator.update(
            seq, update, f"arn:{partition_of(caller.region)}:iam::{caller.account}:role/{caller.access_key}"
        )
    return None


def _forced_failures(
    context: Context, identifiers: list[dict[str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    fault = context.fault("unprocessed")
    if fault is None:
        return {}
    ids = fault.options.get("ids")
    keys = [(it["Id"], it["ProductArn"]) for it in identifiers if ids is None or it["Id"] in ids]
    code = fault.options.get("code", "ConcurrentUpdateError")
    failure = (code, fault.options.get("message", "The finding is being updated by another request."))
    return dict.fromkeys(keys[: fault.options.get("findings", 1)], failure)


def _check_update(parameters: Parameters) -> None:
    """Check what the model leaves out (API reference of BatchUpdateFindings, NoteUpdate)."""
    identifiers = parameters["FindingIdentifiers"]
    if not 1 <= len(identifiers) <= MAX_IDENTIFIERS:
        raise invalid_input("Invalid parameter 'FindingIdentifiers'. data must have a size of 1 to 100")
    if len((parameters.get("Note") or {}).get("Text", "")) > MAX_NOTE_LENGTH:
        raise invalid_input("Invalid parameter 'Note.Text'. data must have a length <= 512")
    fields = parameters.get("UserDefinedFields") or {}
    if len(fields) > MAX_USER_FIELDS:
        raise invalid_input("Invalid parameter 'UserDefinedFields'. data must have a size <= 50")
    for key, value in fields.items():
        if len(key) > MAX_USER_FIELD_KEY or len(value) > MAX_USER_FIELD_VALUE:
            raise invalid_input(
                f"Invalid parameter 'UserDefinedFields.{key[:40]}'. "
                "Keys must have a length <= 128 and values <= 1024"
            )


def batch_import_findings(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Take up to 100 findings from the caller's own product; those that are refused are told one by one."""
    _ = context.hub
    failed = []
    for finding in parameters["Findings"]:
        try:
            _check_import(context, finding)
        except ApiError as error:
            named = finding.get("Id") if isinstance(finding, dict) else None
            failed.append({"Id": str(named), "ErrorCode": "InvalidInput", "ErrorMessage": error.message})
            continue
        import_finding(context, finding)
    imported = len(parameters["Findings"]) - len(failed)
    return {"FailedCount": len(failed), "SuccessCount": imported, "FailedFindings": failed}


def _check_import(context: Context, finding: dict[str, Any]) -> None:
    validate(shape_model("AwsSecurityFinding"), finding)
    caller = context.caller
    if finding["SchemaVersion"] != "2018-10-08":
        raise invalid_input("Invalid parameter 'SchemaVersion'. data must be 2018-10-08")
    for name in ("CreatedAt", "UpdatedAt"):
        if parse_timestamp(finding[name]) is None:
            raise invalid_input(f"Invalid parameter '{name}'. data must be an ISO 8601 timestamp")
    if not 1 <= len(finding["Resources"]) <= MAX_RESOURCES:
        raise invalid_input("Invalid parameter 'Resources'. data must have a size of 1 to 32")
    if len(encode(finding)) > MAX_FINDING_SIZE:
        raise invalid_input("The finding is larger than 240 KB")
    if (provider_of(finding["ProductArn"]) or "").startswith("aws/"):
        raise invalid_input("Invalid parameter 'ProductArn'. The product is not the caller's")
    if finding["AwsAccountId"] != caller.account:
        raise invalid_input("Invalid parameter 'AwsAccountId'. The finding is not of the caller's account")


def import_finding(context: Context, finding: dict[str, Any]) -> int:
    """Keep a finding as Security Hub would: new, or an update of the one with its Id; return its seq.

    A finding whose `UpdatedAt` is not later than that of the one there changes nothing.
    """
    emulator = context.emulator
    now, region = emulator.clock.timestamp(), finding.get("Region", context.caller.region)
    for seq, account, _ in emulator.store.find(finding["Id"], finding["ProductArn"]):
        if account != finding["AwsAccountId"]:
            continue
        old = emulator.finding(seq)
        if (parse_timestamp(finding["UpdatedAt"]) or 0) > (parse_timestamp(old.get("UpdatedAt")) or 0):
            emulator.change(seq, changes.import_again(old, finding, region=region, now=now))
        return seq
    name = emulator.organization.names.get(finding["AwsAccountId"])
    return emulator.add(changes.import_new(finding, region=region, now=now, account_name=name))
